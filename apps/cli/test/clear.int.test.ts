import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { done, preview } from './answers.ts';
import type { ApiNode } from './api-node.ts';
import { startApiNode } from './api-node.ts';
import type { CommandResult } from './command.ts';
import { runCommand } from './command.ts';

let node: ApiNode;

beforeEach(async () => {
  node = await startApiNode();
});

afterEach(async () => {
  await node.close();
});

const clear = (...args: string[]): Promise<CommandResult> => runCommand(['cache', 'clear', ...args, '--url', node.url]);
const bodies = (): unknown[] => node.received.map(({ body }) => body);
const TOOLS = { namespace: 'tools' } as const;
const CONFIGS = [{ namespace: 'gateway-config' }, { namespace: 'gateway-key' }] as const;

describe('a clear', () => {
  it("of the description's word goes to every gateway's namespace, and its receipt and record are told", async () => {
    node.reply('clear', { answer: done(TOOLS) });
    const { code, stdout, stderr } = await clear('tools', '--reason', 'new tools');
    expect([code, stderr]).toEqual([0, '']);
    expect(bodies()).toEqual([{ scope: TOOLS, wait: 'committed', reason: 'new tools' }]);
    expect(stdout).toMatch(/^namespace=tools +cleared +tools control:42 +- +- +record 7$/m);
  });

  it('of gateway configurations is one of their keys as well', async () => {
    node.reply('clear', { answer: done(CONFIGS[0]) }, { answer: done(CONFIGS[1]) });
    const { code, stdout } = await clear('gateway_config', '--reason', 'changed', '--json');
    expect(bodies()).toMatchObject(CONFIGS.map((scope) => ({ scope })));
    expect([code, JSON.parse(stdout)]).toMatchObject([
      0,
      { action: 'clear', dryRun: false, scopes: CONFIGS.map((scope) => ({ scope, outcome: 'done' })) },
    ]);
  });

  it('of one server, fenced, is told with how it is certain', async () => {
    const scope = { gateway: 'g', cacheType: 'tools', server: 's' } as const;
    const fence = { by: 'acknowledgements', members: { bb: 'acknowledged' } } as const;
    const receipt = { cache: 'tools', partition: 3, incarnation: 'ab', sequence: 8, fence };
    node.reply('clear', { answer: done(scope, { receipts: [receipt], fence }) });
    const args = ['tools', '--gateway', 'g', '--server', 's', '--wait', 'fenced', '--reason', 'revoked'];
    const { stdout } = await clear(...args);
    expect(bodies()).toEqual([{ scope, wait: 'fenced', reason: 'revoked' }]);
    expect(stdout).toContain('acknowledgements, 1 other node');
  });

  it('with --expire ends freshness alone', async () => {
    node.reply('expire', { answer: done({ tag: 'a' }, { action: 'expire' }) });
    const { code, stdout } = await clear('--tag', 'a', '--expire', '--reason', 'old');
    expect([code, node.received[0]?.route, stdout]).toEqual([0, 'expire', expect.stringContaining('expired')]);
  });

  it('with --dry-run shows what there is, needs neither reason nor --yes, and changes nothing', async () => {
    node.reply('clear', { answer: preview({ everything: true }) });
    const { code, stdout } = await clear('--dry-run');
    expect([code, bodies()]).toEqual([0, [{ scope: { everything: true }, dryRun: true }]]);
    expect(stdout).toMatch(/^everything +3 +4\.0 KiB$/m);
    expect(stdout).toMatch(/^tools +github +5 +2\.0 KiB$/m);
  });
});

describe('where nobody can be asked', () => {
  it.each([
    { name: 'without a word', args: [] },
    { name: 'of all', args: ['all'] },
    { name: 'with --all', args: ['--all'] },
  ])('a clear of everything, $name, is refused without --yes, and nothing is sent', async ({ args }) => {
    const { code, stdout, stderr } = await clear(...args, '--reason', 'because');
    expect([code, stdout, node.received]).toEqual([2, '', []]);
    expect(stderr).toContain('--yes');
  });

  it('it is done with --yes', async () => {
    node.reply('clear', { answer: done({ everything: true }) });
    expect((await clear('--all', '--yes', '--reason', 'because')).code).toBe(0);
    expect(bodies()).toEqual([{ scope: { everything: true }, wait: 'committed', reason: 'because' }]);
  });

  it('a missing reason is refused', async () => {
    expect(await clear('tools')).toMatchObject({ code: 2, stderr: expect.stringContaining('--reason is missing') });
    expect(node.received).toEqual([]);
  });
});

describe('a clear that failed', () => {
  it('where the tier did not confirm it is partly unknown: what is done and what may be is told', async () => {
    const receipts = [{ cache: 'gateway-key', partition: 1, incarnation: 'ab', sequence: 4 }];
    const failure = { code: 'tier-unavailable', message: 'no answer', unknown: ['gateway-config'], receipts } as const;
    node.reply('clear', { failure: { ...failure, audit: { state: 'pending' } } });
    const { code, stdout, stderr } = await clear('--gateway', 'g', '--reason', 'because');
    expect(code).toBe(5);
    expect(stdout).toMatch(/^gateway=g +may be cleared or not +gateway-key 1:4 +- +- +pending$/m);
    expect(stderr).toContain('it may be cleared or not: gateway-config; no answer');
    const document = JSON.parse((await clear('--gateway', 'g', '--reason', 'because', '--json')).stdout) as object;
    expect(document).toMatchObject({ scopes: [{ outcome: 'unknown', unknown: ['gateway-config'], receipts }] });
  });

  it('whose answer never came is partly unknown, too', async () => {
    node.reply('clear', { raw: (response) => response.destroy() });
    expect((await clear('tools', '--reason', 'because')).code).toBe(5);
  });

  it('before anything was done has the code of its failure, and no data', async () => {
    node.reply('clear', { failure: { code: 'forbidden', message: 'a viewer may not' } });
    const result = await clear('tools', '--reason', 'because');
    expect(result).toMatchObject({ code: 3, stdout: '', stderr: expect.stringContaining('a viewer may not') });
  });

  it('half of the way is partly unknown: the first part is done', async () => {
    node.reply('clear', { answer: done(CONFIGS[0]) }, { failure: { code: 'rate-limited', message: 'too many' } });
    const { code, stdout } = await clear('gateway_config', '--reason', 'because', '--json');
    expect([code, JSON.parse(stdout)]).toMatchObject([5, { scopes: [{ outcome: 'done' }, { outcome: 'failed' }] }]);
  });
});
