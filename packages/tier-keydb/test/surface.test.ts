import { expect, it } from 'vitest';
import * as surface from '../src/index.ts';

it('exports these names and no others', () => {
  expect(Object.keys(surface).sort()).toEqual(['KeydbTier', 'connectKeydb', 'probeKeydb', 'removeCluster']);
});
