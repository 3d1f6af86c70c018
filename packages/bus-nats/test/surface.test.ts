import * as surface from '@lockstep/bus-nats';
import { expect, it } from 'vitest';

it('exports these names and no others', () => {
  expect(Object.keys(surface)).toEqual(['connectNats', 'parseBusUrl', 'probeNats']);
});
