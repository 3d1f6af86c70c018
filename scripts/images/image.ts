import { isAbsolute, join } from 'node:path';
import type { Step } from './dockerfile.ts';

/** What an image starts from. */
export interface ImageStart {
  /** The folder that holds its file system. */
  readonly root: string;
  /** The folders at its root that commands name. */
  readonly tops: readonly string[];
  readonly base: Image | undefined;
}

interface Config {
  workdir: string;
  ids: string;
  ports: readonly string[];
  entrypoint: readonly string[];
  cmd: readonly string[];
  healthcheck: readonly string[];
}

const EMPTY: Readonly<Config> = { workdir: '/', ids: '0:0', ports: [], entrypoint: [], cmd: [], healthcheck: [] };

/** An image laid out in a folder: its files, and how it is run. */
export class Image {
  readonly root: string;
  readonly variables: Map<string, string>;
  readonly labels: Map<string, string>;
  readonly #tops: RegExp;
  readonly #config: Config;

  constructor({ root, tops, base }: ImageStart) {
    this.root = root;
    this.#tops = new RegExp(`(?<![\\w./:@-])/(?=(?:${tops.join('|')})(?![\\w-]))`, 'g');
    this.variables = new Map(base?.variables);
    this.labels = new Map(base?.labels);
    this.#config = base === undefined ? { ...EMPTY } : { ...base.#config };
  }

  /** The folder that commands start in, on this machine. */
  get workdir(): string {
    return this.path('.');
  }

  get ports(): readonly string[] {
    return this.#config.ports;
  }

  /** Whom it runs as; both are numbers in the Dockerfile. */
  get user(): { readonly uid: number; readonly gid: number } {
    const [uid = NaN, gid = NaN] = this.#config.ids.split(':').map(Number);
    if (!Number.isInteger(uid) || !Number.isInteger(gid))
      throw new Error(`USER ${this.#config.ids} is not <uid>:<gid>`);
    return { uid, gid };
  }

  /** The command of its containers; `words` in the place of CMD, where there are any. */
  command(words: readonly string[] = []): readonly string[] {
    return [...this.#config.entrypoint, ...(words.length > 0 ? words : this.#config.cmd)].map((word) =>
      this.inside(word),
    );
  }

  get healthcheck(): readonly string[] {
    return this.#config.healthcheck.map((word) => this.inside(word));
  }

  enter(path: string): void {
    this.#config.workdir = isAbsolute(path) ? path : join(this.#config.workdir, path);
  }

  set(step: Exclude<Step, { kind: 'run' | 'copy' | 'workdir' | 'env' | 'arg' | 'label' }>): void {
    if (step.kind === 'user') this.#config.ids = step.ids;
    else if (step.kind === 'expose') this.#config.ports = [...this.#config.ports, ...step.ports];
    else if (step.kind === 'entrypoint') [this.#config.entrypoint, this.#config.cmd] = [step.command, []];
    else if (step.kind === 'cmd') this.#config.cmd = step.command;
    else this.#config.healthcheck = step.command;
  }

  /** Where a path of the image is on this machine. */
  path(path: string): string {
    return join(this.root, isAbsolute(path) ? path : join(this.#config.workdir, path));
  }

  /** The text with its absolute paths led into the folder. */
  inside(text: string): string {
    return text.replaceAll(this.#tops, `${this.root}/`);
  }
}
