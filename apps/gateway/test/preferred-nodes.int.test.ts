import type { ChildProcess } from 'node:child_process';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import type { ChaosProxy, RunningServer } from '@lockstep/testkit';
import { findBinary, freePort, startNats, startProxy, startRedis, waitFor } from '@lockstep/testkit';
import { afterEach, beforeEach, expect, it } from 'vitest';
import type { GatewayNode } from '../src/wiring.ts';
import { configText, SECRET, startTestNode } from './harness.ts';

const CONFIGURATION = fileURLToPath(new URL('../../../infra/haproxy/haproxy.cfg', import.meta.url));
const HAPROXY = { variable: 'HAPROXY', names: ['haproxy'], install: 'HAProxy (Debian: apt-get install haproxy)' };
const ASKED = 12;

let tier: RunningServer;
let bus: RunningServer;
/** Between each node and the tier. */
let links: readonly ChaosProxy[];
let nodes: readonly GatewayNode[];
let haproxy: ChildProcess;
let front: string;

beforeEach(async () => {
  [tier, bus] = await Promise.all([startRedis(), startNats()]);
  links = await Promise.all([startProxy({ target: tier.url }), startProxy({ target: tier.url })]);
  const settings = { busUrl: bus.url, secret: SECRET, maxStalenessMs: 500 };
  nodes = await Promise.all(links.map(({ url }) => startTestNode(configText([], { ...settings, tierUrl: url }))));
  const [one, two] = nodes.map(({ url }) => new URL(url).host);
  front = `127.0.0.1:${await freePort()}`;
  haproxy = spawn(findBinary(HAPROXY), ['-db', '-f', CONFIGURATION], {
    env: { ...process.env, LOCKSTEP_BIND: front, LOCKSTEP_NODE_1: one, LOCKSTEP_NODE_2: two },
    stdio: 'ignore',
  });
});

afterEach(async () => {
  haproxy.kill('SIGKILL');
  if (haproxy.exitCode === null) await once(haproxy, 'exit');
  await Promise.all(nodes.map((node) => node.close()));
  await Promise.all([...links.map((link) => link.close()), tier.stop(), bus.stop()]);
});

/** Which nodes answer through the proxy, and how they are; empty while it has none to ask. */
async function answering(): Promise<readonly string[]> {
  const answers = await Promise.all(Array.from({ length: ASKED }, () => fetch(`http://${front}/readyz`)));
  if (answers.some(({ ok }) => !ok)) return [];
  const bodies = (await Promise.all(answers.map((answer) => answer.json()))) as { node: string; status: string }[];
  return [...new Set(bodies.map(({ node, status }) => `${nodeIndex(node)} ${status}`))].sort();
}

const nodeIndex = (id: string): string => `node ${nodes.findIndex(({ nodeId }) => nodeId === id) + 1}`;

const becomes = (expected: readonly string[]) =>
  waitFor(
    async () => {
      expect(await answering()).toEqual(expected);
      return true;
    },
    { what: `answers of ${expected.join(' and ')}`, timeoutMs: 20_000 },
  );

it('a node that has lost the tier gets no request while another has not; when all have, all serve', async () => {
  await becomes(['node 1 ready', 'node 2 ready']);
  links[0]?.cut();
  await becomes(['node 2 ready']);
  links[1]?.cut();
  await becomes(['node 1 degraded', 'node 2 degraded']);
  links[0]?.restore();
  await becomes(['node 1 ready']);
});
