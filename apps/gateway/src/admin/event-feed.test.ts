import type { AdminEvent } from '@lockstep/admin-api';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { EventFeed, FEED_EVENTS_MAX } from './event-feed.ts';

const event = (sequence: number): AdminEvent => ({ type: 'reset', partition: 0, sequence });

beforeEach(() => {
  vi.useFakeTimers();
});

afterEach(() => {
  vi.useRealTimers();
});

it('gives events in their order, also to a reader who waits', async () => {
  const feed = new EventFeed();
  const first = feed.next(1_000);
  feed.push(event(1));
  feed.push(event(2));
  expect(await first).toEqual(event(1));
  expect(await feed.next(1_000)).toEqual(event(2));
});

it('says that it is quiet where nothing comes in time', async () => {
  const feed = new EventFeed();
  const next = feed.next(1_000);
  await vi.advanceTimersByTimeAsync(1_000);
  expect(await next).toBe('quiet');
  expect(vi.getTimerCount()).toBe(0);
});

it('keeps only so many events for a reader who is too slow, and says how many it left out', async () => {
  const feed = new EventFeed();
  for (let sequence = 1; sequence <= FEED_EVENTS_MAX + 7; sequence++) feed.push(event(sequence));
  for (let sequence = 1; sequence <= FEED_EVENTS_MAX; sequence++) expect(await feed.next(0)).toEqual(event(sequence));
  expect(await feed.next(0)).toEqual({ type: 'lost', events: 7 });
  feed.push(event(1));
  expect(await feed.next(0)).toEqual(event(1));
});

it('ends after what waits, and takes nothing after its end', async () => {
  const feed = new EventFeed();
  feed.push(event(1));
  feed.end();
  feed.push(event(2));
  expect(await feed.next(1_000)).toEqual(event(1));
  expect(await feed.next(1_000)).toBeUndefined();
});

it('wakes a reader who waits when it ends', async () => {
  const feed = new EventFeed();
  const next = feed.next(1_000);
  feed.end();
  expect(await next).toBeUndefined();
  expect(vi.getTimerCount()).toBe(0);
});
