import type { Stream } from 'node:stream';

const KEPT_CHARACTERS_MAX = 4_000;
const SHOWN_CHARACTERS_MAX = 2_000;
const SECRET_CHARACTERS_MIN = 6;

/** The end of what a server's process wrote to its error output, which often says why it did not start. */
export class ErrorOutput {
  readonly #secrets: readonly string[];
  #kept = '';

  /** Reads `stream` to its end; any of `secrets` in it is masked. */
  constructor(stream: Stream | null, secrets: readonly string[]) {
    this.#secrets = secrets.filter((secret) => secret.length >= SECRET_CHARACTERS_MIN);
    stream?.on('data', (chunk: Buffer) => {
      this.#kept = (this.#kept + chunk.toString('utf8')).slice(-KEPT_CHARACTERS_MAX);
    });
    stream?.on('error', () => undefined);
  }

  /** What the process said last, for the log. */
  text(): string {
    const masked = this.#secrets.reduce((text, secret) => text.replaceAll(secret, '(masked)'), this.#kept);
    return masked.trim().slice(-SHOWN_CHARACTERS_MAX);
  }
}
