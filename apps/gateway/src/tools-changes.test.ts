import { TierUnavailableError } from '@lockstep/cache';
import type { GatewayDefinition, ServerDefinition } from '@lockstep/config';
import type { ClearOutcome } from '@lockstep/gateway-cache';
import { AuditTrail, MemoryJournal } from '@lockstep/gateway-cache';
import { pino } from 'pino';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { cacheLogger } from './log.ts';
import type { ToolsChangesOptions } from './tools-changes.ts';
import { ToolsChanges } from './tools-changes.ts';
import type { UpstreamServer } from './upstream/upstream-server.ts';

const GATEWAY = { id: 'one', configId: 'c' } as GatewayDefinition;
const DONE: ClearOutcome = { committed: [], unknown: [] };
const FAILED: ClearOutcome = {
  committed: [],
  unknown: [{ cache: 'tools', cause: new TierUnavailableError('the tier is away') }],
};
const clear = vi.fn<() => Promise<ClearOutcome>>();

let closing: AbortController;
let changes: ToolsChanges;

beforeEach(() => {
  vi.useFakeTimers();
  clear.mockReset();
  closing = new AbortController();
  const cachedTools = async () => ({ outcome: 'hit', value: { tools: [{ name: 'before' }] } });
  const cache = { cachedTools, clear } as unknown as ToolsChangesOptions['cache'];
  const audit = new AuditTrail({
    ...{ journal: new MemoryJournal(), secret: 'a secret', node: 'a' },
    wallClock: () => '2026-11-22T00:00:00.000Z',
    logger: cacheLogger(pino({ level: 'silent' })),
  });
  const options = { cache, audit, logger: pino({ level: 'silent' }), closing: closing.signal };
  changes = new ToolsChanges(options);
});

afterEach(() => {
  closing.abort();
  vi.useRealTimers();
});

function server(name: string): UpstreamServer {
  const definition = { name, fingerprint: 'f' } as ServerDefinition;
  return { definition, listTools: async () => ({ tools: [{ name: 'after' }] }) } as unknown as UpstreamServer;
}

const hear = async (name: string): Promise<void> => {
  changes.changed(GATEWAY, server(name));
  await vi.advanceTimersByTimeAsync(0);
};

it('tries one clear of a server at a time while the tier is away, however often the server says that it changed', async () => {
  clear.mockResolvedValue(FAILED);
  for (let change = 1; change <= 20; change++) await hear('noisy');
  expect(clear).toHaveBeenCalledTimes(1);
  await hear('another');
  expect(clear).toHaveBeenCalledTimes(2);
});

it('clears once more where a server changed again during the clear: a list may have been read in between', async () => {
  const { promise: cleared, resolve: end } = Promise.withResolvers<ClearOutcome>();
  clear.mockReturnValueOnce(cleared).mockResolvedValue(DONE);
  for (let change = 1; change <= 3; change++) await hear('noisy');
  expect(clear).toHaveBeenCalledTimes(1);
  end(DONE);
  await vi.advanceTimersByTimeAsync(0);
  expect(clear).toHaveBeenCalledTimes(2);
  await hear('noisy');
  expect(clear).toHaveBeenCalledTimes(3);
});

it('tries no more once the node closes, and hears nothing more', async () => {
  clear.mockResolvedValue(FAILED);
  await hear('noisy');
  await hear('noisy');
  closing.abort();
  await changes.ended();
  await hear('noisy');
  await vi.advanceTimersByTimeAsync(600_000);
  expect(clear).toHaveBeenCalledTimes(1);
});

it('goes on hearing a server whose change could not be cleared in ten tries, or whose list made an error', async () => {
  clear.mockResolvedValue(FAILED);
  await hear('noisy');
  await vi.advanceTimersByTimeAsync(600_000);
  expect(clear).toHaveBeenCalledTimes(11);
  clear.mockRejectedValue(new Error('a fault of ours'));
  await hear('noisy');
  await vi.advanceTimersByTimeAsync(600_000);
  clear.mockResolvedValue(DONE);
  const before = clear.mock.calls.length;
  await hear('noisy');
  expect(clear).toHaveBeenCalledTimes(before + 1);
});
