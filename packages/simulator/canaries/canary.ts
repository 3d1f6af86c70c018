/** A change of one source file: what stands there once, and what takes its place. */
interface Edit {
  /** From the repository's root. */
  readonly file: string;
  readonly find: string;
  readonly replace: string;
}

/** One rule of the protocol, taken out of the code: the checkers must notice. */
export interface Canary {
  /** The rule that is broken, in the protocol page's words. */
  readonly rule: string;
  readonly edits: readonly Edit[];
  /** The schedule that shows it, default: random ones do; and what the checkers say then, default: anything. */
  readonly shownBy?: { readonly schedule?: string; readonly as: string };
  /** What random schedules are to have, where the usual ones do not have it. */
  readonly args?: readonly string[];
}

/** Where the rules are. */
export const CACHE = 'packages/cache/src';
export const CORE = 'packages/core/src';
export const WORLD = 'packages/testing/src/world';
