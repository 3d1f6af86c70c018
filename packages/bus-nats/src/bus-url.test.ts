import { expect, it } from 'vitest';
import { parseBusUrl } from './bus-url.ts';

it.each([
  ['nats://bus:4222', { servers: ['nats://bus:4222'] }],
  ['nats://one,tls://two:4223/', { servers: ['nats://one', 'tls://two:4223'] }],
  ['nats://me:p%40ss@bus', { servers: ['nats://bus'], credentials: { user: 'me', pass: 'p@ss' } }],
  ['nats://token@one,nats://two', { servers: ['nats://one', 'nats://two'], credentials: { token: 'token' } }],
])('reads %s', (url, expected) => {
  expect(parseBusUrl(url)).toEqual(expected);
});
