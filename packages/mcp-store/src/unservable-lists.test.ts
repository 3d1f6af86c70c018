import { expect, test } from 'vitest';
import { UnservableLists } from './unservable-lists.ts';

const list = (length: number, method = 'tools/list') => ({ method, value: 'x'.repeat(length), stamp: 1 });

test('holds so many lists, and then drops the oldest', () => {
  const lists = new UnservableLists();
  for (let n = 0; n <= 256; n++) lists.keep(String(n), list(1));
  expect(lists.get('0')).toBeUndefined();
  expect(lists.get('1')).toBeDefined();
  expect(lists.get('256')).toBeDefined();
});

test('holds so much text, of which what is dropped is no part, and no list that is larger', () => {
  const lists = new UnservableLists();
  lists.keep('a', list(8_000_000));
  lists.keep('a', list(8_000_000));
  expect(lists.get('a')).toBeDefined();
  lists.keep('b', list(1_000_000));
  expect(lists.get('a')).toBeUndefined();
  lists.keep('c', list(8_388_609));
  expect(lists.get('c')).toBeUndefined();
  expect(lists.get('b')).toBeDefined();
  lists.dropAll('prompts/list');
  expect(lists.get('b')).toBeDefined();
  lists.dropAll();
  lists.keep('d', list(8_388_608));
  expect(lists.get('d')).toBeDefined();
});
