import { ConfigError } from '@lockstep/core';
import type { Duration } from './duration.ts';
import { millisecondsOf } from './duration.ts';

/** Reads options one by one, each with its default and its range, and remembers every problem. */
export class OptionReader<O extends object> {
  readonly problems: string[];
  readonly #options: O;
  readonly #prefix: string;

  /** `within`: the option that these are part of, and the reader that takes their problems. */
  constructor(options: O, within?: { readonly name: string; readonly problems: string[] }) {
    this.#options = options;
    this.problems = within?.problems ?? [];
    this.#prefix = within === undefined ? '' : `${within.name}.`;
  }

  /** A duration, in ms. */
  ms(field: keyof O & string, byDefault: Duration, range: readonly [number, number]): number {
    return this.#within(field, millisecondsOf(this.#options[field] ?? byDefault), range);
  }

  count(field: keyof O & string, byDefault: number, range: readonly [number, number]): number {
    return this.#within(field, Number(this.#options[field] ?? byDefault), range);
  }

  /** A part of a whole. */
  part(field: keyof O & string, byDefault: number): number {
    const got = Number(this.#options[field] ?? byDefault);
    if (!(got >= 0 && got <= 1))
      this.problems.push(`${this.#prefix}${field}: ${this.#got(field)}, takes a number from 0 to 1`);
    return got;
  }

  /** Everything that is no option: a misspelt one must not be the default in silence. */
  refuseOthers(fields: Readonly<Record<keyof O, true>>): void {
    for (const field of Object.keys(this.#options)) {
      if (!Object.hasOwn(fields, field)) this.problems.push(`${this.#prefix}${field}: there is no such option`);
    }
  }

  /** Throws `config-invalid` with every problem, if there is one. */
  finish(of: string): void {
    if (this.problems.length > 0) throw new ConfigError(`${of}: ${this.problems.join('; ')}`);
  }

  #within(field: keyof O & string, got: number, [least, most]: readonly [number, number]): number {
    if (!(Number.isInteger(got) && got >= least && got <= most)) {
      this.problems.push(`${this.#prefix}${field}: ${this.#got(field)}, takes a whole number from ${least} to ${most}`);
    }
    return got;
  }

  #got(field: keyof O & string): string {
    const got = this.#options[field];
    return `got ${typeof got === 'number' ? String(got) : JSON.stringify(got)}`;
  }
}
