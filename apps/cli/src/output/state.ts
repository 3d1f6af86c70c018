import type { CoherenceView } from '@lockstep/admin-api';
import type { Style } from '../terminal.ts';
import type { Cell } from './table.ts';

const STYLES: Readonly<Record<CoherenceView['state'], Style>> = {
  coherent: 'green',
  degraded: 'yellow',
  isolated: 'red',
};

/** Whether a node can vouch for its near-cache, and why not. */
export function stateCell({ state, reason }: Pick<CoherenceView, 'state' | 'reason'>): Cell {
  return { text: reason === undefined ? state : `${state}: ${reason}`, style: STYLES[state] };
}
