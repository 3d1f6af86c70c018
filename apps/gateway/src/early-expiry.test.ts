import type { GatewayDefinition, ServerDefinition } from '@lockstep/config';
import { ProtocolError } from '@modelcontextprotocol/client';
import { pino } from 'pino';
import { expect, it } from 'vitest';
import { EarlyExpiry } from './early-expiry.ts';
import { UpstreamError } from './upstream/upstream-error.ts';

const gateway = { configId: 'config-1' } as GatewayDefinition;
const named = (name: string): ServerDefinition => ({ name, fingerprint: 'f', tools: undefined }) as ServerDefinition;
const refusedWith = (code: number): UpstreamError =>
  new UpstreamError('refused', 'refused', { cause: new ProtocolError(code, 'no') });

function earlyExpiry() {
  const state = { nowMs: 0, expired: [] as string[], fails: false };
  const early = new EarlyExpiry({
    cache: {
      expireTools: async ({ serverName }) => {
        state.expired.push(serverName);
        if (state.fails) throw new Error('the tier is away');
        return { incarnation: 'i', sequence: 1 } as never;
      },
    },
    logger: pino({ level: 'silent' }),
    now: () => state.nowMs,
  });
  return { early, state };
}

it('expires the list of a server that has no such tool or takes other arguments, and no other answer does', () => {
  const { early, state } = earlyExpiry();
  early.refused(gateway, named('method'), refusedWith(-32601));
  early.refused(gateway, named('params'), refusedWith(-32602));
  early.refused(gateway, named('internal'), refusedWith(-32603));
  early.refused(gateway, named('slow'), new UpstreamError('timed-out', 'slow'));
  early.refused(gateway, named('odd'), new Error('odd'));
  expect(state.expired).toEqual(['method', 'params']);
});

it('reads the same two where a server tells them as the text of a failed tool', () => {
  const { early, state } = earlyExpiry();
  const text = 'MCP error -32602: Tool gone not found';
  early.answered(gateway, named('one'), { content: [{ type: 'text', text }], isError: true });
  early.answered(gateway, named('fine'), { content: [{ type: 'text', text }] });
  early.answered(gateway, named('failed'), { content: [{ type: 'text', text: `it said: ${text}` }], isError: true });
  expect(state.expired).toEqual(['one']);
});

it('expires a server once in ten seconds, however often it refuses, and others meanwhile', () => {
  const { early, state } = earlyExpiry();
  for (state.nowMs = 0; state.nowMs <= 25_000; state.nowMs += 100) {
    early.refused(gateway, named('one'), refusedWith(-32602));
    if (state.nowMs === 5_000) early.refused(gateway, named('other'), refusedWith(-32602));
  }
  expect(state.expired).toEqual(['one', 'other', 'one', 'one']);
});

it('leaves alone a server whose tools the configuration lists', () => {
  const { early, state } = earlyExpiry();
  early.refused(gateway, { ...named('listed'), tools: { find: 'Find' } }, refusedWith(-32602));
  expect(state.expired).toEqual([]);
});

it('tries again with the next refusal where the tier could not be told', async () => {
  const { early, state } = earlyExpiry();
  state.fails = true;
  early.refused(gateway, named('one'), refusedWith(-32602));
  await new Promise(setImmediate);
  early.refused(gateway, named('one'), refusedWith(-32602));
  expect(state.expired).toEqual(['one', 'one']);
});
