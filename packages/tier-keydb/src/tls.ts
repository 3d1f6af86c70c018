import { readFileSync } from 'node:fs';
import type { ConnectionOptions } from 'node:tls';

/** TLS towards the tier: what Node's `tls.connect` takes, and PEM files. These are read again for every connection. */
export interface KeydbTls extends ConnectionOptions {
  /** The authorities that may sign the server's certificate. Default: those Node trusts. */
  readonly caFile?: string;
  /** This node's own certificate, where the server asks for one, and its key. */
  readonly certFile?: string;
  readonly keyFile?: string;
}

const FILES = [
  ['ca', 'caFile'],
  ['cert', 'certFile'],
  ['key', 'keyFile'],
] as const;

/**
 * The options as the client takes them: it copies them for every connection, and each copy has the files as they are
 * then, so that certificates can be renewed in place. A file that is gone stands for what it held before.
 */
export function tlsOptions({ caFile, certFile, keyFile, ...rest }: KeydbTls, problems: string[]): ConnectionOptions {
  const paths = { caFile, certFile, keyFile };
  const options: ConnectionOptions = { ...rest };
  for (const [name, file] of FILES) {
    const path = paths[file];
    if (path === undefined) continue;
    let text = '';
    const read = (): string => {
      try {
        text = readFileSync(path, 'utf8');
      } catch (error) {
        if (text === '') problems.push(`tls.${file}: ${(error as Error).message}`);
      }
      return text;
    };
    read();
    Object.defineProperty(options, name, { get: read, enumerable: true });
  }
  return options;
}
