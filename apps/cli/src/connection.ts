import { readFileSync } from 'node:fs';
import { AdminClient } from '@lockstep/admin-client';
import { CommandError } from './command-error.ts';
import { EXIT } from './exit-codes.ts';
import type { Terminal } from './terminal.ts';
import { say } from './terminal.ts';

export const URL_VARIABLE = 'LOCKSTEP_ADMIN_URL';
export const TOKEN_VARIABLE = 'LOCKSTEP_ADMIN_TOKEN';
export const DEFAULT_URL = 'http://127.0.0.1:8001';

/** Options of every command that speaks to a node. */
export interface ConnectionOptions {
  /** One, several with commas between, or a list of such. */
  readonly url?: string | readonly string[];
  readonly tokenFile?: string;
}

/** A node's admin API, and where it is. */
export interface NodeConnection {
  readonly client: AdminClient;
  /** For messages. */
  readonly url: string;
}

/** Takes URL and token from options and environment; of several URLs the first. Nothing is sent yet. */
export function connectNode(options: ConnectionOptions, terminal: Terminal): NodeConnection {
  return connectTo(givenUrls(options, terminal)[0] ?? DEFAULT_URL, options, terminal);
}

/** The same, of every URL. */
export function connectNodes(options: ConnectionOptions, terminal: Terminal): readonly NodeConnection[] {
  const [first = DEFAULT_URL, ...others] = givenUrls(options, terminal);
  return [first, ...others].map((url) => connectTo(url, options, terminal));
}

function connectTo(url: string, options: ConnectionOptions, terminal: Terminal): NodeConnection {
  const token = tokenOf(options, terminal);
  if (token === undefined) {
    throw new CommandError('there is no token', {
      exitCode: EXIT.notAuthorised,
      advice: `set ${TOKEN_VARIABLE}, or name a file that holds one: --token-file FILE`,
    });
  }
  try {
    const client = new AdminClient({ url, token });
    if (isInClear(url)) say(terminal, `warning: the token goes to ${url} in clear: use https, or a tunnel`);
    return { client, url };
  } catch (cause) {
    const message = cause instanceof Error ? cause.message : String(cause);
    throw new CommandError(message.replace('AdminClient has wrong options: ', ''), { exitCode: EXIT.usage, cause });
  }
}

/** Where admin APIs are said to be, each once; none: nothing says so. */
export function givenUrls({ url }: ConnectionOptions, { environment }: Terminal): readonly string[] {
  const given = [url ?? (environment[URL_VARIABLE] || [])].flat().flatMap((urls) => urls.split(','));
  return [...new Set(given.map((one) => one.trim()))];
}

/** The token: of the file, or of the environment; undefined: there is none. */
export function tokenOf({ tokenFile }: ConnectionOptions, { environment }: Terminal): string | undefined {
  if (tokenFile === undefined) return environment[TOKEN_VARIABLE] || undefined;
  try {
    return readFileSync(tokenFile, 'utf8').trim();
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException;
    throw new CommandError(`--token-file ${tokenFile} cannot be read (${code})`, { exitCode: EXIT.usage, cause });
  }
}

function isInClear(url: string): boolean {
  const { protocol, hostname } = new URL(url);
  return protocol === 'http:' && !/^(localhost|127(\.\d+){3}|\[::1\])$/.test(hostname);
}
