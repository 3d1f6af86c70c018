import type { z } from 'zod';
import type { SettingName } from './setting-values.ts';

/** A setting of the process: one line of the options table. */
export interface SettingSpec {
  /** Its name in the `lockstep` section of the file. */
  readonly name: SettingName;
  /** Its environment variable. */
  readonly variable: string;
  /** What the description that this gateway follows calls it, where it has a name for it. */
  readonly seedName: string | undefined;
  readonly takes: string;
  /** What is used when it is not set; undefined: nothing, see `meaning`. */
  readonly fallback: string | number | undefined;
  readonly meaning: string;
}

/** A setting, and what it takes as a schema. */
export type SettingRow = Omit<SettingSpec, 'name'> & { readonly schema: z.ZodType; readonly secret?: true };
