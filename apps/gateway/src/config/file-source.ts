import type { FSWatcher } from 'node:fs';
import { watch } from 'node:fs';
import { open } from 'node:fs/promises';
import { dirname } from 'node:path';
import type { ConfigSource } from './config-source.ts';
import { CONFIG_BYTES_MAX, SourceError } from './config-source.ts';

/** An editor writes in several steps: the file is read when none has come for so long. */
const SETTLE_MS = 150;
/** Where the system does not tell of changes (network folders), they are found by looking. */
const LOOK_EVERY_MS = 10_000;

/**
 * A file. Its folder is watched, not the file: an editor, a deployment tool or Kubernetes put another file in its place,
 * and what was watched would be the old one.
 */
export class FileSource implements ConfigSource {
  readonly kind = 'file';
  readonly name: string;
  #watcher: FSWatcher | undefined;
  #looking: NodeJS.Timeout | undefined;
  #settling: NodeJS.Timeout | undefined;

  constructor(path: string) {
    this.name = path;
  }

  async read(signal: AbortSignal): Promise<string> {
    try {
      const file = await open(this.name, 'r');
      try {
        const { size } = await file.stat();
        if (size > CONFIG_BYTES_MAX) throw new SourceError(`more than ${CONFIG_BYTES_MAX} bytes`);
        return await file.readFile({ encoding: 'utf8', signal });
      } finally {
        await file.close();
      }
    } catch (error) {
      if (error instanceof SourceError) throw error;
      throw new SourceError(String((error as { code?: unknown }).code), { cause: error });
    }
  }

  watch(changed: () => void): void {
    this.#looking = setInterval(changed, LOOK_EVERY_MS).unref();
    const settle = (): void => {
      clearTimeout(this.#settling);
      this.#settling = setTimeout(changed, SETTLE_MS).unref();
    };
    try {
      this.#watcher = watch(dirname(this.name), { persistent: false }, settle);
      // The folder itself may go, or the system may have no watches left: then the looking goes on.
      this.#watcher.on('error', () => this.#watcher?.close());
    } catch {
      this.#watcher = undefined;
    }
  }

  close(): void {
    this.#watcher?.close();
    clearInterval(this.#looking);
    clearTimeout(this.#settling);
  }
}
