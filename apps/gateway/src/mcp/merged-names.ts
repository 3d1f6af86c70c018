import { createHash } from 'node:crypto';

/** What an MCP client must be able to take as a tool's name. */
const NAME_LENGTH_MAX = 128;
const SEPARATOR = '__';
const SIGN_DIGITS = 16;
const SIGN = new RegExp(`_[0-9a-f]{${SIGN_DIGITS}}$`);
const PLAIN_SERVER = /^(?!.*__)[A-Za-z0-9_-]*[A-Za-z0-9-]$/;
const PLAIN_TOOL = /^[A-Za-z0-9_-]+$/;

/**
 * The name of a server's tool in the merged list: `<server>__<tool>`. It follows from the two names alone, so that it
 * means the same tool on every node, whichever other servers can be reached.
 *
 * Where that could be read as another tool's name, or is not 1 to 128 of `A-Za-z0-9_-`, the name is made of what is
 * left and a signature of both names: 16 hexadecimal digits that no other name ends with.
 */
export function mergedName(server: string, tool: string): string {
  const name = `${server}${SEPARATOR}${tool}`;
  const plain = PLAIN_SERVER.test(server) && PLAIN_TOOL.test(tool);
  if (plain && name.length <= NAME_LENGTH_MAX && !SIGN.test(name)) return name;
  const sign = createHash('sha256')
    .update(JSON.stringify([server, tool]))
    .digest('hex')
    .slice(0, SIGN_DIGITS);
  return `${sanitised(name).slice(0, NAME_LENGTH_MAX - SIGN_DIGITS - 1)}_${sign}`;
}

/** Whether `name` can be the merged name of one of this server's tools. */
export function mayBeOf(server: string, name: string): boolean {
  const prefix = sanitised(`${server}${SEPARATOR}`).slice(0, NAME_LENGTH_MAX - SIGN_DIGITS - 1);
  return name.length <= NAME_LENGTH_MAX && name.startsWith(prefix);
}

function sanitised(text: string): string {
  return text.replaceAll(/[^A-Za-z0-9_-]/g, '_');
}
