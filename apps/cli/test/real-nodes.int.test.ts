import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { RunningServer } from '@lockstep/testkit';
import { startNats, startRedis } from '@lockstep/testkit';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import type { CommandResult } from './command.ts';
import { runCommand, startCommand } from './command.ts';
import type { GatewayProcess } from './gateway-node.ts';
import { GATEWAY, gatewayText, OPERATOR, startGateway, VIEWER } from './gateway-node.ts';

const CLUSTER = 'command-line';
const WAIT = { timeout: 20_000 };
let directory: string;
let file: string;
let redis: RunningServer;
let nats: RunningServer;
let one: GatewayProcess;
let other: GatewayProcess;

beforeAll(async () => {
  directory = mkdtempSync(join(tmpdir(), 'lockstep-cli-'));
  [redis, nats] = await Promise.all([startRedis({ persistent: true }), startNats()]);
  file = join(directory, 'gateway.json');
  const secret = '0123456789abcdef0123456789abcdef';
  const text = gatewayText({ tierUrl: redis.url, busUrl: nats.url, cluster: CLUSTER, secret });
  writeFileSync(file, text, { mode: 0o600 });
  [one, other] = await Promise.all([startGateway(file), startGateway(file)]);
});

afterAll(async () => {
  await Promise.all([one?.stop(), other?.stop()]);
  await Promise.all([redis?.stop(), nats?.stop()]);
  rmSync(directory, { recursive: true, force: true });
});

const lockstep = (...args: string[]): Promise<CommandResult> =>
  runCommand([...args, '--url', one.adminUrl], { LOCKSTEP_ADMIN_TOKEN: OPERATOR });

/** Sends one command to the tier past every adapter. */
async function atTier(command: string): Promise<void> {
  const socket = connect(redis.port, redis.host);
  socket.write(`${command}\r\n`);
  await once(socket, 'data');
  socket.destroy();
}

describe('on two real nodes', () => {
  it('doctor finds nothing wrong with them', async () => {
    const { code, stdout } = await runCommand(['doctor', '--config', file, '--url', one.adminUrl], {
      LOCKSTEP_ADMIN_TOKEN: VIEWER,
    });
    expect([code, stdout]).toEqual([0, expect.stringMatching(/^ok +admin +coherence +coherent$/m)]);
  });

  it('status and nodes know both, and a viewer may look and not clear', async () => {
    expect((await lockstep('status')).stdout).toMatch(/^Mode: +cluster, 2 members$/m);
    await vi.waitUntil(async () => (await lockstep('nodes')).stdout.match(/ coherent /g)?.length === 2, WAIT);
    const args = ['cache', 'clear', 'tools', '--reason', 'because', '--url', one.adminUrl];
    expect((await runCommand(args, { LOCKSTEP_ADMIN_TOKEN: VIEWER })).code).toBe(3);
  });

  it('what is warmed is counted and explained; a fenced clear on one is watched on the other, swept, and recorded', async () => {
    const warmed = await lockstep('warm', '--gateway', GATEWAY);
    expect([warmed.code, warmed.stdout]).toEqual([0, expect.stringMatching(/ memory +success /)]);
    expect((await lockstep('cache', 'status')).stdout).toContain('Tool Caches: 1\n');
    const preview = await lockstep('cache', 'clear', 'tools', '--dry-run');
    expect(preview.stdout).toMatch(/^namespace=tools +1 /m);
    const explain = ['explain', 'tools', '--gateway', GATEWAY, '--server', 'memory'];
    expect((await lockstep(...explain)).stdout).toMatch(/^Answer: +from its near-cache$/m);

    const watch = startCommand(['watch', '--url', other.adminUrl], { LOCKSTEP_ADMIN_TOKEN: VIEWER });
    await vi.waitUntil(() => watch.stdout().includes('coherence'), WAIT);
    const cleared = await lockstep('cache', 'clear', 'tools', '--wait', 'fenced', '--reason', 'new tools');
    expect([cleared.code, cleared.stdout]).toEqual([
      0,
      expect.stringMatching(/ cleared .* 1 other node .* record 1$/m),
    ]);
    await vi.waitUntil(() => /applied .*namespace=tools.*\n.*audit .*new tools/s.test(watch.stdout()), WAIT);
    watch.child.kill('SIGINT');
    expect(await watch.ended).toBe(130);

    expect((await lockstep(...explain)).stdout).toMatch(/^Answer: +from neither/m);
    const swept = await lockstep('sweep', '--json');
    expect([swept.code, JSON.parse(swept.stdout)]).toMatchObject([0, { reclaimed: 1, cursor: null }]);
    expect((await lockstep('audit')).stdout).toMatch(/^1 +\S+ +admin:operator +clear .* new tools$/m);
  });

  it('a trail that was tampered with is not verified', async () => {
    const verified = await lockstep('audit', '--verify');
    expect([verified.code, verified.stdout]).toEqual([0, expect.stringMatching(/^valid: /)]);
    await atTier(`HSET lockstep:{${CLUSTER}:ctl}:journal 1 changed`);
    const { code, stdout } = await lockstep('audit', '--verify');
    expect([code, stdout]).toEqual([6, expect.stringMatching(/^broken at record 1: /)]);
  });
});
