import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { freePort } from '@lockstep/testkit';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { REPORT, record, STATUS } from './answers.ts';
import type { ApiNode } from './api-node.ts';
import { startApiNode, TOKEN } from './api-node.ts';
import type { CommandResult } from './command.ts';
import { runCommand } from './command.ts';

let node: ApiNode;

beforeEach(async () => {
  node = await startApiNode();
});

afterEach(async () => {
  await node.close();
});

const lockstep = (...args: string[]): Promise<CommandResult> => runCommand([...args, '--url', node.url]);

describe('what a node says', () => {
  it('status is told in lines, without a colour where there is no terminal, and with --json as it came', async () => {
    node.reply('status', { answer: STATUS });
    const { code, stdout, stderr } = await lockstep('status');
    expect([code, stderr]).toEqual([0, '']);
    expect(stdout).toContain('Node:       9f249618bf5d9289 (http://127.0.0.1:8000/mcp)\nState:      coherent\n');
    expect(stdout).toMatch(/^NAMESPACE {4}ENTRIES {2}NEAR {2}SIZE .*\ntools {8}5 .* 1\.5 KiB/m);
    expect(stdout).not.toContain('\u001b');
    expect(JSON.parse((await lockstep('status', '--json')).stdout)).toEqual(STATUS);
  });

  it("cache status has the description's words", async () => {
    node.reply('status', { answer: STATUS });
    const words = ['Cache Status:', 'Type: external', 'Tool Caches: 5', 'Config Caches: 2', 'Gateway Keys: 3'];
    const { code, stdout } = await lockstep('cache', 'status');
    expect([code, stdout.split('\n').slice(0, 5)]).toEqual([0, words]);
    const document = JSON.parse((await lockstep('cache', 'status', '--json')).stdout) as object;
    expect(document).toMatchObject({ cache_type: 'external', total_tool_caches: 5, total_gateway_keys: 3 });
  });

  it('nodes are told with how far each is behind, a silent one as silent', async () => {
    const reason = 'no heartbeat\u001b[2J';
    node.reply('nodes', {
      answer: {
        nodes: [
          { id: 'aa', isSelf: true, report: REPORT },
          { id: 'bb', isSelf: false, report: { ...REPORT, state: 'degraded', reason } },
          { id: 'cc', isSelf: false, report: null },
        ],
      },
    });
    const { code, stdout } = await lockstep('nodes');
    expect(code).toBe(0);
    expect(stdout).toMatch(/^\* {2}aa {4}coherent +120 ms +2 /m);
    // What a node says of itself does not move the reader's cursor.
    expect(stdout).toMatch(/^ {3}bb {4}degraded: no heartbeat\\u\{1b\}\[2J/m);
    expect(stdout).toMatch(/^ {3}cc {4}silent/m);
  });

  it('explain asks for a key, or for what a gateway has', async () => {
    const entry = { version: '5', bornAt: 4, freshForMs: 60_000, standsInForMs: 0, objection: null };
    const of = { namespace: 'tools', keyId: '0e', partition: 3, stalenessMs: 5, applied: 4, head: 4, flights: 0 };
    node.reply('explain', { answer: { ...of, answer: 'near', near: entry, tier: 'unreachable' } });
    const { code, stdout } = await lockstep('explain', 'tools', 'github');
    expect([code, stdout]).toEqual([
      0,
      expect.stringContaining('Near:       version 5, born at 4: fresh for 1 min 0 s'),
    ]);
    expect(stdout).toContain('Tier:       does not answer');
    // Positions, whose first one is a time: no number of events.
    expect(stdout).toContain('Applied:    up to event 4 of the partition; its newest is 4');
    await lockstep('explain', 'tools', '--gateway', 'g', '--server', 's');
    expect(node.received.map(({ query }) => query)).toEqual([
      { namespace: 'tools', key: 'github' },
      { namespace: 'tools', gateway: 'g', server: 's' },
    ]);
    expect((await lockstep('explain', 'tools')).code).toBe(2);
  });
});

describe('the audit trail', () => {
  it('is told record by record, and where it goes on', async () => {
    const records = [record(3), record(4, { scope: { gateway: 'g', cacheType: 'tools' }, outcome: 'unknown' })];
    node.reply('audit', { answer: { records, head: 9, next: 5 } });
    const { code, stdout, stderr } = await lockstep('audit', '--from', '3', '--limit', '2');
    expect([code, node.received[0]?.query]).toEqual([0, { from: 3, limit: 2 }]);
    expect(stdout).toMatch(
      /^4 +2026-11-22T15:04:05.678Z +admin:ops +clear +gateway=g cacheType=tools +unknown +new tools$/m,
    );
    expect(stderr).toContain('--from 5');
  });

  it('that is as it was written is verified with 0, a broken one with 6 and its record', async () => {
    node.reply('verifyAudit', { answer: { valid: true, records: 9, hash: 'ff' } });
    expect(await lockstep('audit', '--verify')).toMatchObject({ code: 0, stdout: expect.stringContaining('valid: 9') });
    node.reply('verifyAudit', { answer: { valid: false, checked: 4, broken: { sequence: 5, fault: 'unlinked' } } });
    const { code, stdout } = await lockstep('audit', '--verify');
    expect([code, stdout]).toEqual([6, expect.stringContaining('broken at record 5: it does not follow')]);
    const document = await lockstep('audit', '--verify', '--json');
    expect([document.code, JSON.parse(document.stdout)]).toEqual([6, expect.objectContaining({ valid: false })]);
  });
});

describe('upkeep', () => {
  it('a sweep goes on until the end, and sums up', async () => {
    const part = { scanned: 10_000, reclaimed: 2, reclaimedBytes: 1_024 };
    node.reply('sweep', { answer: { ...part, cursor: 'c1' } }, { answer: { ...part, cursor: null } });
    const { code, stdout } = await lockstep('sweep', '--json');
    expect([code, JSON.parse(stdout)]).toEqual([
      0,
      { scanned: 20_000, reclaimed: 4, reclaimedBytes: 2_048, cursor: null },
    ]);
    expect(node.received.map(({ body }) => body)).toEqual([{ limit: 10_000 }, { limit: 10_000, cursor: 'c1' }]);
  });

  it('a sweep looks at no more than it may, and says where to go on', async () => {
    node.reply('sweep', { answer: { scanned: 500, reclaimed: 0, reclaimedBytes: 0, cursor: 'c1' } });
    const { code, stderr } = await lockstep('sweep', '--limit', '500');
    expect([code, node.received.map(({ body }) => body)]).toEqual([0, [{ limit: 500 }]]);
    expect(stderr).toContain('--cursor c1');
  });

  it('a warm-up tells of each server, and fails where one of them did', async () => {
    const ok = { type: 'server', gateway: 'g', server: 'github', status: 'success', tools: 12, tookMs: 850 } as const;
    const bad = {
      type: 'server',
      gateway: 'g',
      server: 'slow',
      status: 'error',
      code: 'timed-out',
      tookMs: 5,
    } as const;
    const done = { type: 'done', succeeded: 1, failed: 1, pending: 0 } as const;
    node.reply('warm', { items: [{ type: 'started', servers: 2 }, ok, bad, done] });
    const { code, stdout, stderr } = await lockstep('warm', '--gateway', 'g');
    expect([code, stderr]).toEqual([1, '']);
    expect(stdout).toMatch(/^g +github +success +12 +- +850 ms\ng +slow +error +- +timed-out +5 ms\n1 warm, 1 failed/m);
    expect(node.received[0]?.body).toEqual({ gateway: 'g' });
    expect(JSON.parse((await lockstep('warm', '--json')).stdout)).toMatchObject({ succeeded: 1, failed: 1 });
  });

  it('a warm-up that breaks off is partly unknown', async () => {
    node.reply('warm', { items: [{ type: 'started', servers: 2 }] });
    expect((await lockstep('warm')).code).toBe(5);
  });
});

describe('when it cannot be done', () => {
  it('an unknown command, a wrong option and a wrong URL are 2, and say what there is', async () => {
    const unknown = await lockstep('stats');
    expect([unknown.code, unknown.stdout, unknown.stderr]).toEqual([2, '', expect.stringContaining('status?')]);
    expect((await lockstep('audit', '--limit', '0')).stderr).toContain('from 1 to 500');
    expect(await runCommand(['status', '--url', 'ftp://x'])).toMatchObject({
      code: 2,
      stderr: expect.stringContaining('url: takes'),
    });
  });

  it('without a token, or with a wrong one, it is 3; a file gives one, and no option does', async () => {
    node.reply('status', { answer: STATUS });
    const without = await runCommand(['status', '--url', node.url], {});
    expect([without.code, without.stderr]).toEqual([3, expect.stringContaining('--token-file')]);
    const wrong = await runCommand(['status', '--url', node.url], { LOCKSTEP_ADMIN_TOKEN: 'wrong-one' });
    expect([wrong.code, wrong.stderr]).toEqual([3, expect.not.stringContaining('wrong-one')]);
    expect((await lockstep('status', '--token', TOKEN)).code).toBe(2);
    const directory = mkdtempSync(join(tmpdir(), 'lockstep-token-'));
    try {
      writeFileSync(join(directory, 'token'), `${TOKEN}\n`);
      const args = ['status', '--url', node.url, '--token-file', join(directory, 'token')];
      expect((await runCommand(args, {})).code).toBe(0);
      expect((await lockstep('status', '--token-file', join(directory, 'none'))).code).toBe(2);
    } finally {
      rmSync(directory, { recursive: true });
    }
  });

  it('where nothing listens it is 4, and says what to look at', async () => {
    const url = `http://127.0.0.1:${await freePort()}`;
    const { code, stdout, stderr } = await runCommand(['status'], {
      LOCKSTEP_ADMIN_URL: url,
      LOCKSTEP_ADMIN_TOKEN: TOKEN,
    });
    expect([code, stdout]).toEqual([4, '']);
    expect(stderr).toBe(
      `error: nothing listens on ${url}\nis the node running, with an admin API? --url (or LOCKSTEP_ADMIN_URL) says where it is\n`,
    );
  });

  it('what is no admin API is 1, and a token that may not do it 3', async () => {
    node.reply(
      'status',
      { raw: (response) => response.end('<html>') },
      { failure: { code: 'forbidden', message: 'no' } },
    );
    expect(await lockstep('status')).toMatchObject({ code: 1, stderr: expect.stringContaining('is the URL that of') });
    expect(await lockstep('status')).toMatchObject({ code: 3, stderr: expect.stringContaining('role and limits') });
  });
});
