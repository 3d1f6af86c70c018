import { expect, it } from 'vitest';
import * as adminClient from '../src/index.ts';

// Tools and pages are written against these. A red pin asks: on purpose?

it('exports these values and no other', () => {
  expect(Object.keys(adminClient).sort()).toEqual(['AdminClient', 'AdminError']);
});
