/** The names of a script's `N` keys, in order. */
export type KeyNames<N extends number, Names extends readonly string[] = readonly []> = Names['length'] extends N
  ? Names
  : KeyNames<N, readonly [...Names, string]>;

/** A script as it is sent: its name carries the package's version, so two releases can share a tier. */
export interface LuaScript<N extends number> {
  readonly name: string;
  readonly keyCount: N;
  /** Of `lua`, in hexadecimal: what EVALSHA takes. */
  readonly sha1: string;
  readonly lua: string;
}
