import type { ChildProcess } from 'node:child_process';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import type { AdminEvent, MemberView } from '@lockstep/admin-api';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { Frame } from '../src/board/frame.ts';
import { REPORT, record, STATUS } from './answers.ts';
import type { ApiNode } from './api-node.ts';
import { startApiNode, TOKEN } from './api-node.ts';
import type { CommandProcess } from './command.ts';
import { commandLine, runCommand, startCommand } from './command.ts';

const WAIT = { timeout: 15_000 };
const NEAR = { tools: STATUS.namespaces['tools']?.near } as NonNullable<typeof REPORT.near>;
const PLACE = 1_795_715_983_745_270;
const CLEAR: AdminEvent = {
  type: 'applied',
  kind: 'clear-scope',
  partition: 'control',
  sequence: PLACE,
  scope: { namespace: 'tools' },
};
/** Another screen, and back to that of before; the cursor is away between. */
const [ENTER, LEAVE] = ['\u001b[?1049h\u001b[?25l', '\u001b[?25h\u001b[?1049l'];
const IDS = ['aaaaaaaa00000000', 'bbbbbbbb00000000', 'cccccccc00000000'] as const;
let nodes: ApiNode[];
const started: CommandProcess[] = [];
const terminals: ChildProcess[] = [];

/** What the node of this place says of the cluster. */
function members(self: number): { readonly nodes: readonly MemberView[] } {
  const report = { ...REPORT, stalenessBoundMs: 2_000, violations: 0, near: NEAR };
  return { nodes: IDS.map((id, at) => ({ id, isSelf: at === self, report })) };
}

beforeEach(async () => {
  nodes = await Promise.all([startApiNode(), startApiNode()]);
  for (const [at, node] of nodes.entries()) {
    node.reply('nodes', { answer: members(at) });
    const hello: AdminEvent = { type: 'coherence', node: IDS[at] as string, state: 'coherent', stalenessMs: 5 };
    node.reply('events', { items: [hello], isOpen: true });
  }
});

afterEach(async () => {
  for (const { child } of started.splice(0)) child.kill('SIGKILL');
  for (const { pid, exitCode } of terminals.splice(0)) {
    if (pid !== undefined && exitCode === null) process.kill(-pid, 'SIGKILL');
  }
  await Promise.all(nodes.map((node) => node.close()));
});

const urls = (): string => nodes.map(({ url }) => url).join();
const environment = (): Record<string, string> => ({ LOCKSTEP_ADMIN_TOKEN: TOKEN, LOCKSTEP_ADMIN_URL: urls() });

/** Has a node tell an event to whoever listens. */
function tell(node: ApiNode | undefined, event: AdminEvent): void {
  for (const stream of node?.open ?? []) stream.write(`data: ${JSON.stringify(event)}\n\n`);
}

function follow(): { readonly frames: () => readonly Frame[]; readonly command: CommandProcess } {
  const command = startCommand(['top', '--json'], environment());
  started.push(command);
  const whole = (): string[] => command.stdout().split('\n').slice(0, -1);
  return { command, frames: () => whole().map((line) => JSON.parse(line) as Frame) };
}

describe('one frame', () => {
  it('has all nodes: those that are followed first, and one that is seen through them', async () => {
    const { code, stdout, stderr } = await runCommand(['top', '--once'], environment());
    expect([code, stderr]).toEqual([0, '']);
    expect(stdout).toMatch(/3 nodes, 3 coherent, staleness of at most 2 s/);
    expect(stdout).toMatch(/^1 +aaaaaaaa +coherent +░{10} 120 ms +- +86 % +- +2 +2 +1\.5 KiB +0$/m);
    expect(stdout).toMatch(/^2 +bbbbbbbb /m);
    expect(stdout).toMatch(/^3~ +cccccccc /m);
    const args = ['top', '--once', '--json', '--url', nodes[0]?.url ?? '', '--url', nodes[1]?.url ?? ''];
    const asJson = await runCommand(args);
    expect(JSON.parse(asJson.stdout)).toMatchObject({
      nodes: [{ id: IDS[0], url: nodes[0]?.url }, { id: IDS[1] }, { id: IDS[2], url: null }],
      namespaces: [{ name: 'tools', hitRatio: 39 / 45 }],
      clears: [],
    });
  });

  it('tells of one that does not answer, and of one that has lost the tier', async () => {
    nodes[0]?.reply('nodes', { failure: { code: 'tier-unavailable', message: 'away' } });
    nodes[0]?.reply('status', { answer: { ...STATUS, node: { ...STATUS.node, state: 'degraded', reason: 'away' } } });
    await nodes[1]?.close();
    const { code, stdout } = await runCommand(['top', '--once'], environment());
    expect(code).toBe(0);
    expect(stdout).toMatch(/^1 +9f249618 +degraded .* away$/m);
    expect(stdout).toMatch(/^2 +http:\S+ +lost .* nothing listens on http/m);
    nodes = nodes.slice(0, 1);
  });

  it('is none where no node answers, or the token is wrong at one', async () => {
    const wrong = await runCommand(['top', '--once'], { ...environment(), LOCKSTEP_ADMIN_TOKEN: 'wrong' });
    expect([wrong.code, wrong.stdout, wrong.stderr]).toEqual([3, '', expect.stringContaining('this token')]);
    nodes[1]?.reply('nodes', { failure: { code: 'unauthenticated', message: 'no' } });
    expect((await runCommand(['top', '--once'], environment())).code).toBe(3);
    const [first] = nodes;
    const nowhere = environment();
    await Promise.all(nodes.splice(0).map((node) => node.close()));
    const nobody = await runCommand(['top'], nowhere);
    expect([nobody.code, nobody.stderr]).toEqual([4, expect.stringContaining(`nothing listens on ${first?.url}`)]);
  });
});

describe('frames', () => {
  it('have a clear with when each node told of it, and what its record says', async () => {
    const { frames } = follow();
    await vi.waitUntil(() => nodes.every(({ open }) => open.size === 1) && frames().length > 0, WAIT);
    tell(nodes[1], CLEAR);
    await vi.waitUntil(() => frames().at(-1)?.clears.length === 1, WAIT);
    expect(frames().at(-1)?.clears[0]?.marks).toEqual([
      { state: 'waiting' },
      { state: 'applied', afterMs: 0 },
      { state: 'unseen' },
    ]);
    tell(nodes[0], CLEAR);
    const fence = { by: 'acknowledgements', members: { [IDS[2]]: 'acknowledged' } } as const;
    const receipt = { cache: 'tools', partition: 'control', incarnation: 'aa', sequence: PLACE, fence } as const;
    tell(nodes[0], { type: 'audit', record: record(1, { receipts: [receipt] }) });
    await vi.waitUntil(() => frames().at(-1)?.clears[0]?.by !== undefined, WAIT);
    expect(frames().at(-1)?.clears).toEqual([
      expect.objectContaining({
        ...{ action: 'clear', scope: { namespace: 'tools' }, positions: [`control:${PLACE}`] },
        ...{ by: 'admin:ops', reason: 'new tools', fencedBy: 'acknowledgements' },
        marks: [
          { state: 'applied', afterMs: expect.any(Number) },
          { state: 'applied', afterMs: 0 },
          { state: 'acknowledged' },
        ],
      }),
    ]);
  });

  it('have what is counted between them; a node that goes is lost, and one that refuses the token ends it', async () => {
    const { frames, command } = follow();
    await vi.waitUntil(() => frames().length > 0, WAIT);
    const tools = NEAR['tools'] as NonNullable<(typeof NEAR)['tools']>;
    const more = { ...tools, nearHits: tools.nearHits + 3, loads: tools.loads + 1 };
    const { nodes: seen } = members(0);
    const busy = seen.map((node) => ({ ...node, report: node.report && { ...node.report, near: { tools: more } } }));
    nodes[0]?.reply('nodes', { answer: { nodes: busy } });
    await vi.waitUntil(() => frames().at(-1)?.nodes[0]?.recentHitRatio === 0.75, WAIT);
    await nodes[1]?.close();
    await vi.waitUntil(() => frames().at(-1)?.nodes[1]?.state === 'lost', WAIT);
    nodes = nodes.slice(0, 1);
    nodes[0]?.reply('nodes', { failure: { code: 'unauthenticated', message: 'no' } });
    expect(await command.ended).toBe(3);
    expect(command.stderr()).toContain('does not know this token');
  });

  it('of a terminal alone are a picture; elsewhere each is a table, and SIGINT ends it with 130', async () => {
    const command = startCommand(['top', '--note', 'of a test'], environment());
    started.push(command);
    await vi.waitUntil(() => command.stdout().split('of a test').length > 2, WAIT);
    expect(command.stdout()).not.toContain('\u001b');
    command.child.kill('SIGINT');
    expect(await command.ended).toBe(130);
  });
});

describe.runIf(process.platform === 'linux')('a terminal', () => {
  /** Runs it on a terminal of its own, as Debian's `script` makes one; says with what it ended. */
  function onTerminal(...options: string[]): { readonly terminal: ChildProcess; readonly written: () => string } {
    const words = commandLine(['top', ...options]).map((word) => `'${word}'`);
    const terminal = spawn(
      'script',
      ['-qefc', `stty cols 100 rows 30; ${words.join(' ')}; echo "ended $?"`, '/dev/null'],
      {
        stdio: ['pipe', 'pipe', 'inherit'],
        detached: true,
        env: { ...process.env, ...environment() },
      },
    );
    terminals.push(terminal);
    let written = '';
    terminal.stdout.setEncoding('utf8').on('data', (text: string) => {
      written += text;
    });
    return { terminal, written: () => written };
  }

  it.each([
    ['q', 0],
    ['\u0003', 130],
  ])('is given back as it was at the key %j, and the exit code is %i', async (key, code) => {
    const { terminal, written } = onTerminal();
    await vi.waitUntil(() => written().includes('bbbbbbbb') && nodes.every(({ open }) => open.size === 1), WAIT);
    expect(written().startsWith(ENTER)).toBe(true);
    terminal.stdin?.write(key);
    await once(terminal, 'close');
    expect(written().slice(written().lastIndexOf(LEAVE)).trim()).toBe(`${LEAVE}ended ${code}`);
  });

  it('shows a clear at once', async () => {
    const { written } = onTerminal('--interval', '3600');
    await vi.waitUntil(() => written().includes('No clear yet') && nodes.every(({ open }) => open.size === 1), WAIT);
    for (const node of nodes) tell(node, CLEAR);
    await vi.waitUntil(() => /clear namespace=tools .*●.* ms.*●.* ms/.test(written()), WAIT);
  });
});

it('of several URLs the other commands ask the first', async () => {
  nodes[0]?.reply('status', { answer: STATUS });
  expect((await runCommand(['status'], environment())).code).toBe(0);
  expect(nodes.map(({ received }) => received.length)).toEqual([1, 0]);
});
