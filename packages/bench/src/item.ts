import type { Row } from './figures.ts';

/** How much is measured: the full run, or just enough to see that an item works. */
export interface Scale {
  readonly small: boolean;
}

/** Something that is measured, with servers and processes of its own. */
export type Item = (scale: Scale) => Promise<readonly Row[]>;
