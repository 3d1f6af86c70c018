import { accessSync, constants, statSync } from 'node:fs';
import { delimiter, join } from 'node:path';

/** Where packages put servers that an ordinary user's PATH leaves out. */
const SERVER_DIRECTORIES = ['/usr/local/sbin', '/usr/sbin', '/opt/homebrew/bin'];

/** What {@link findBinary} looks for. */
export interface BinaryQuery {
  /** An environment variable that names the binary's path and wins over the search. */
  readonly variable: string;
  /** Names to look for, best first. */
  readonly names: readonly string[];
  /** What to install when there is none. */
  readonly install: string;
}

/** Finds a server's binary; throws an error that says where it looked and what to install. */
export function findBinary(query: BinaryQuery): string {
  const named = process.env[query.variable];
  if (named !== undefined && named !== '') {
    if (isExecutable(named)) {
      return named;
    }
    throw new Error(`${query.variable} is ${named}, which is not an executable file`);
  }
  const directories = [...(process.env['PATH'] ?? '').split(delimiter), ...SERVER_DIRECTORIES].filter(Boolean);
  for (const name of query.names) {
    for (const directory of directories) {
      const path = join(directory, name);
      if (isExecutable(path)) {
        return path;
      }
    }
  }
  throw new Error(
    `none of ${query.names.join(', ')} is on the PATH: install ${query.install}, or set ${query.variable} to its path`,
  );
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return statSync(path).isFile();
  } catch {
    return false;
  }
}
