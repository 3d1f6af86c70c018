/** The most bytes that a configuration may have. */
export const CONFIG_BYTES_MAX: number = 16 * 1024 * 1024;

/** Where a configuration is read from, again and again. */
export interface ConfigSource {
  readonly kind: 'file' | 'http';
  /** What messages call it; nothing in it is secret. */
  readonly name: string;
  /** The configuration's text; undefined: it is what the last read answered. Rejects with `SourceError`. */
  read(signal: AbortSignal): Promise<string | undefined>;
  /** Calls back from now on whenever it may have changed; and, where it may not, now and then. */
  watch(changed: () => void): void;
  close(): void;
}

/** The source cannot be read. */
export class SourceError extends Error {
  /** Why, in a word or two: `ENOENT`, `HTTP 503`. */
  readonly code: string;

  constructor(code: string, options: ErrorOptions = {}) {
    super(`the configuration cannot be read: ${code}`, options);
    this.name = 'SourceError';
    this.code = code;
  }
}
