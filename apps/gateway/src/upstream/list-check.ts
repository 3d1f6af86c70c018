import { UpstreamError } from './upstream-error.ts';

/** More tools than any model is shown; what a node has to hold, rename and send grows with them. */
const TOOLS_MAX = 10_000;
/** Names are a hundred characters or so; what is longer is not meant to be called. */
const NAME_LENGTH_MAX = 512;
/** One tool with its schemas, as JSON. */
const TOOL_CHARACTERS_MAX = 262_144;
/** A whole list, as JSON: reading, checking, storing and sending it stops everything else for so many milliseconds a MiB. */
const LIST_CHARACTERS_MAX = 4_194_304;
/** Values deeper than this are nobody's; what walks over them by recursion ends with the stack. */
export const DEPTH_MAX = 100;

/** What is checked against. */
export interface ListCheckOptions {
  /** The name of the server, for messages. */
  readonly server: string;
  /** The most bytes of one answer: no list may be larger. */
  readonly bytesMax: number;
}

/**
 * Checks the pages of one tool list: that they are lists of tools, and together no more than a node can hold. It costs
 * no more than the page is long, so it comes before checks of everything in it.
 */
export class ListCheck {
  readonly #options: ListCheckOptions;
  #tools = 0;
  #characters = 0;

  constructor(options: ListCheckOptions) {
    this.#options = options;
  }

  /** The next page, with hints that can be read, whatever they were; throws `UpstreamError` for one that cannot be used. */
  page(result: unknown): unknown {
    const page = isObject(result) ? result : {};
    const { tools, resultType } = page;
    // A list has no further questions; the SDK would answer them, and ask again.
    if (resultType === 'input_required') throw this.#unusable('it asks back instead of answering');
    if (!Array.isArray(tools)) throw this.#unusable('what it sends has no list of tools');
    if (this.#tools + tools.length > TOOLS_MAX) throw this.#unusable(`it has more than ${TOOLS_MAX} tools`);
    for (const tool of tools) this.#tool(tool, `tool ${++this.#tools}`);
    return { ...page, ...readableHints(page) };
  }

  #tool(tool: unknown, which: string): void {
    if (!isObject(tool)) throw this.#unusable(`${which} is not an object`);
    const { name, inputSchema } = tool;
    if (typeof name !== 'string' || name === '') throw this.#unusable(`${which} has no name`);
    if (name.length > NAME_LENGTH_MAX) {
      throw this.#unusable(`the name of ${which} is longer than ${NAME_LENGTH_MAX} characters`);
    }
    if (!isObject(inputSchema) || inputSchema['type'] !== 'object') {
      throw this.#unusable(`the inputSchema of ${which} is not the schema of an object`);
    }
    const length = charactersOf(tool);
    if (length > TOOL_CHARACTERS_MAX) {
      throw this.#unusable(`${which} is larger than ${TOOL_CHARACTERS_MAX} characters`);
    }
    if (!isWithinDepth(tool, DEPTH_MAX)) throw this.#unusable(`${which} is nested deeper than ${DEPTH_MAX}`);
    this.#characters += length;
    const charactersMax = Math.min(LIST_CHARACTERS_MAX, this.#options.bytesMax);
    if (this.#characters > charactersMax) throw this.#unusable(`it is larger than ${charactersMax} characters`);
  }

  #unusable(why: string): UpstreamError {
    return new UpstreamError('unusable', `the tool list of ${this.#options.server} cannot be used: ${why}`);
  }
}

/** How long and by whom a page may be kept. What is nonsense is taken for the least: not at all, and by nobody else. */
function readableHints({ ttlMs, cacheScope }: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>> {
  const isTime = typeof ttlMs === 'number' && ttlMs > 0;
  return {
    ...(ttlMs !== undefined && { ttlMs: isTime ? Math.min(Math.floor(ttlMs), Number.MAX_SAFE_INTEGER) : 0 }),
    ...(cacheScope !== undefined && { cacheScope: cacheScope === 'public' ? cacheScope : 'private' }),
  };
}

/** As JSON; what is nested too deeply for that is not told by its size. */
function charactersOf(tool: object): number {
  try {
    return JSON.stringify(tool).length;
  } catch {
    return 0;
  }
}

/** Whether nothing in `value` is nested deeper than `depthMax`. */
export function isWithinDepth(value: unknown, depthMax: number): boolean {
  let level = [value].filter(isNested);
  for (let depth = 1; level.length > 0; depth++) {
    if (depth > depthMax) return false;
    level = level.flatMap((part) => Object.values(part).filter(isNested));
  }
  return true;
}

function isNested(value: unknown): value is object {
  return typeof value === 'object' && value !== null;
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
