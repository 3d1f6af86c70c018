import { PassThrough } from 'node:stream';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { run } from '../src/program.ts';
import { done, preview } from './answers.ts';
import type { ApiNode } from './api-node.ts';
import { startApiNode, TOKEN } from './api-node.ts';

const EVERYTHING = { everything: true } as const;
let node: ApiNode;

beforeEach(async () => {
  node = await startApiNode();
  node.reply('clear', { answer: preview(EVERYTHING, 1_234) }, { answer: done(EVERYTHING) });
});

afterEach(async () => {
  await node.close();
});

/** A command line at a terminal, and the person there. */
function atTerminal(...args: string[]) {
  const stdin = Object.assign(new PassThrough(), { isTTY: true });
  const written = { stdout: '', stderr: '' };
  const stream = (name: 'stdout' | 'stderr') =>
    Object.assign(new PassThrough(), { isTTY: true }).on('data', (chunk: Buffer) => {
      written[name] += String(chunk);
    });
  const interruption = new AbortController();
  const ended = run([...args, '--url', node.url], {
    terminal: {
      ...{ stdin, stdout: stream('stdout'), stderr: stream('stderr') },
      environment: { LOCKSTEP_ADMIN_TOKEN: TOKEN },
    },
    signal: interruption.signal,
  });
  const asked = (question: string) => vi.waitUntil(() => written.stderr.includes(question), { timeout: 10_000 });
  return { stdin, written, ended, asked, interrupt: () => interruption.abort('SIGINT') };
}

const sent = (): unknown[] => node.received.map(({ body }) => body);

describe('at a terminal, before everything is cleared', () => {
  it('it is told how much there is, and asked; yes does it, with the reason that is asked for next', async () => {
    const person = atTerminal('cache', 'clear', '--all');
    await person.asked('Clear everything, on every node? [y/N]');
    expect(person.written.stderr).toContain('1234');
    expect(sent()).toEqual([{ scope: EVERYTHING, dryRun: true }]);
    person.stdin.write('y\n');
    await person.asked('Reason, for the audit trail:');
    person.stdin.write('a fresh start\n');
    expect(await person.ended).toBe(0);
    expect(sent()[1]).toEqual({ scope: EVERYTHING, wait: 'committed', reason: 'a fresh start' });
    expect(person.written.stdout).toContain('everything');
  });

  it.each(['n\n', '\n', 'yep\n'])('%j is no, ends with 8, and nothing is cleared', async (answer) => {
    const person = atTerminal('cache', 'clear', '--reason', 'because');
    await person.asked('[y/N]');
    person.stdin.write(answer);
    expect(await person.ended).toBe(8);
    expect(sent()).toHaveLength(1);
  });

  it('the end of the input is no', async () => {
    const person = atTerminal('cache', 'clear', '--reason', 'because');
    await person.asked('[y/N]');
    person.stdin.end();
    expect(await person.ended).toBe(8);
  });

  it('an interruption ends it with 130', async () => {
    const person = atTerminal('cache', 'clear', '--reason', 'because');
    await person.asked('[y/N]');
    person.interrupt();
    expect(await person.ended).toBe(130);
    expect(sent()).toHaveLength(1);
  });

  it('--yes asks nothing', async () => {
    node.reply('clear', { answer: done(EVERYTHING) });
    expect(await atTerminal('cache', 'clear', '--yes', '--reason', 'because').ended).toBe(0);
  });
});
