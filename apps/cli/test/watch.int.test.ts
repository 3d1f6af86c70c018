import type { AdminEvent } from '@lockstep/admin-api';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { record, STATUS } from './answers.ts';
import type { ApiNode } from './api-node.ts';
import { startApiNode } from './api-node.ts';
import type { CommandProcess } from './command.ts';
import { runCommand, startCommand } from './command.ts';

const WAIT = { timeout: 15_000 };
const COHERENT: AdminEvent = { type: 'coherence', node: 'aa', state: 'coherent', stalenessMs: 5 };
const CLEAR: AdminEvent = {
  type: 'applied',
  kind: 'clear-scope',
  partition: 'control',
  sequence: 9,
  scope: { namespace: 'tools' },
};
let node: ApiNode;
const commands: CommandProcess[] = [];

beforeEach(async () => {
  node = await startApiNode();
});

afterEach(async () => {
  for (const { child } of commands.splice(0)) child.kill('SIGKILL');
  await node.close();
});

function watch(...args: string[]): CommandProcess {
  const command = startCommand(['watch', ...args, '--url', node.url]);
  commands.push(command);
  return command;
}

describe('a watch', () => {
  it('tells each event in a line as it happens, and ends at once with 130 when it is interrupted', async () => {
    node.reply('events', { items: [COHERENT, CLEAR, { type: 'audit', record: record(7) }], isOpen: true });
    const command = watch();
    await vi.waitUntil(() => command.stdout().split('\n').length === 4, WAIT);
    expect(
      command
        .stdout()
        .replaceAll(/^\S+Z /gm, '')
        .split('\n'),
    ).toEqual([
      'coherence node aa is coherent',
      'applied   clear-scope namespace=tools at control:9',
      'audit     record 7: admin:ops clear namespace=tools: new tools',
      '',
    ]);
    command.child.kill('SIGINT');
    expect(await command.ended).toBe(130);
    expect(command.stderr()).toBe('');
    await vi.waitUntil(() => node.open.size === 0, WAIT);
  });

  it('connects again when the node ends the stream, and says so beside the data', async () => {
    node.reply('events', { items: [COHERENT] }, { items: [CLEAR], isOpen: true });
    const command = watch('--json');
    await vi.waitUntil(() => command.stdout().split('\n').length === 3, WAIT);
    const events = command.stdout().trim().split('\n');
    expect(events.map((line) => JSON.parse(line) as object)).toEqual([
      { receivedAt: expect.any(String), ...COHERENT },
      { receivedAt: expect.any(String), ...CLEAR },
    ]);
    expect(command.stderr()).toMatch(/has ended the stream; trying again\nconnected to .* again\n/);
    command.child.kill('SIGTERM');
    expect(await command.ended).toBe(143);
  });

  it('gives up at once where the first connection fails, or the token is refused', async () => {
    const url = node.url;
    expect((await runCommand(['watch', '--url', url], { LOCKSTEP_ADMIN_TOKEN: 'wrong' })).code).toBe(3);
    node.reply('events', { items: [COHERENT] }, { failure: { code: 'forbidden', message: 'no longer' } });
    expect((await runCommand(['watch', '--url', url])).code).toBe(3);
  });
});

describe('a reader that goes away', () => {
  it('as `| head` does, is no error', async () => {
    node.reply('events', { items: [COHERENT], isOpen: true });
    const command = watch();
    await vi.waitUntil(() => node.open.size === 1 && command.stdout() !== '', WAIT);
    command.child.stdout?.destroy();
    for (const stream of node.open) stream.write(`data: ${JSON.stringify(CLEAR)}\n\n`.repeat(1_000));
    expect(await command.ended).toBe(0);
    expect(command.stderr()).toBe('');
  });

  it('before one document is written, is none either', async () => {
    node.reply('status', { answer: STATUS });
    const command = startCommand(['status', '--json', '--url', node.url]);
    commands.push(command);
    command.child.stdout?.destroy();
    expect(await command.ended).toBe(0);
    expect(command.stderr()).toBe('');
  });
});
