import type { Tool } from '@modelcontextprotocol/client';

/** A page ends with so many tools, or before it has so many characters of JSON; one tool is a page all the same. */
const PAGE_TOOLS_MAX = 1_000;
const PAGE_CHARACTERS_MAX = 1_048_576;

/** A tool list that may be too long for one answer. */
export interface PagedTools {
  readonly tools: readonly Tool[];
  /** How many characters of JSON each of them is. */
  readonly sizes: readonly number[];
}

/** A part of a tool list. */
export interface ToolPage {
  readonly tools: readonly Tool[];
  /** What to ask with for the next page; undefined: this is the last. */
  readonly nextCursor: string | undefined;
}

/**
 * The page that begins behind the tool that `cursor` names; undefined: the list has no such tool. A cursor holds that
 * name and nothing else, so that any node can go on, and does while the list has the tool, whatever else has changed.
 */
export function pageOf({ tools, sizes }: PagedTools, cursor: string | undefined): ToolPage | undefined {
  const start = cursor === undefined ? 0 : startOf(tools, cursor);
  if (start === undefined) return undefined;
  let end = start;
  for (let characters = 0; end < tools.length && end - start < PAGE_TOOLS_MAX; end++) {
    characters += sizes[end] ?? 0;
    if (characters > PAGE_CHARACTERS_MAX && end > start) break;
  }
  const last = tools[end - 1];
  return {
    tools: start === 0 && end === tools.length ? tools : tools.slice(start, end),
    nextCursor: end === tools.length || last === undefined ? undefined : cursorAfter(last.name),
  };
}

function startOf(tools: readonly Tool[], cursor: string): number | undefined {
  const index = tools.findIndex(({ name }) => cursorAfter(name) === cursor);
  return index === -1 ? undefined : index + 1;
}

function cursorAfter(name: string): string {
  return `after:${name}`;
}
