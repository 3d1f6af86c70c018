import type { Tool } from '@modelcontextprotocol/client';
import { mergedName } from './merged-names.ts';

/** A server's list as the merged list has it. */
export interface RenamedTools {
  /** In the server's order, under their merged names. */
  readonly tools: readonly Tool[];
  /** How many characters of JSON each of them is. */
  readonly sizes: readonly number[];
  /** The server's own tools by merged name. */
  readonly originals: ReadonlyMap<string, Tool>;
  /** Names that the server lists more than once; the first of each is taken, the others cannot be told from it. */
  readonly repeated: readonly string[];
}

/** Renames a server's tools. Done once for each list, however often it is asked for. */
export function renamedTools(server: string, tools: readonly Tool[]): RenamedTools {
  const renamed: Tool[] = [];
  const sizes: number[] = [];
  const originals = new Map<string, Tool>();
  const repeated = new Set<string>();
  for (const tool of tools) {
    const name = mergedName(server, tool.name);
    if (originals.has(name)) {
      repeated.add(tool.name);
      continue;
    }
    const merged = { ...tool, name };
    originals.set(name, tool);
    renamed.push(merged);
    sizes.push(JSON.stringify(merged).length);
  }
  return { tools: renamed, sizes, originals, repeated: [...repeated] };
}
