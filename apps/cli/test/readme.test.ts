import { readFileSync } from 'node:fs';
import { PassThrough } from 'node:stream';
import type { Command } from 'commander';
import { expect, it } from 'vitest';
import { EXIT } from '../src/exit-codes.ts';
import { buildProgram } from '../src/program.ts';
import { done } from './answers.ts';
import { startApiNode } from './api-node.ts';
import { runCommand } from './command.ts';

const readme = readFileSync(new URL('../README.md', import.meta.url), 'utf8');
/** What the section on all commands tells. */
const COMMON = ['--url', '--token-file', '--json'];

interface Listed {
  readonly path: string;
  readonly command: Command;
}

function leaves(command: Command, path: string): readonly Listed[] {
  const visible = command.createHelp().visibleCommands(command);
  const below = visible.filter((each) => each.name() !== 'help');
  return below.length === 0 ? [{ path, command }] : below.flatMap((each) => leaves(each, `${path} ${each.name()}`));
}

const stream = new PassThrough();
const program = buildProgram({
  terminal: { stdin: stream, stdout: stream, stderr: stream, environment: {} },
  signal: new AbortController().signal,
  finish: () => undefined,
});
const commands = leaves(program, 'lockstep');

it('the README has a section of every command, and of no other', () => {
  const sections = [...readme.matchAll(/^### `(.+)`$/gm)].map((match) => match[1]);
  expect(sections.sort()).toEqual(commands.map(({ path }) => path).sort());
});

it.each(commands)('the README tells every option of $path, and its help has examples', ({ path, command }) => {
  const section = readme.split(`### \`${path}\`\n`)[1]?.split(/^##/m)[0] ?? '';
  const options = command.options.map(({ long }) => long as string).filter((long) => !COMMON.includes(long));
  expect(options.filter((option) => !section.includes(option))).toEqual([]);
  let help = '';
  command
    .configureOutput({
      writeOut: (text) => {
        help += text;
      },
    })
    .outputHelp();
  expect(help).toMatch(/\nExamples:\n {2}\$ lockstep /);
});

it('the README shows a clear as it is printed', async () => {
  const [, args = '', shown] = /^\$ lockstep (cache clear .*)\n([\s\S]*?)```/m.exec(readme) ?? [];
  const scope = { gateway: 'user-1_project-1_main', cacheType: 'tools', server: 'github' } as const;
  const members = { a: 'acknowledged', b: 'acknowledged' } as const;
  const place = { cache: 'tools', partition: 3, incarnation: 'ab', sequence: 1_795_715_983_745_270 };
  const fence = { by: 'acknowledgements', members } as const;
  const node = await startApiNode();
  const audit = { state: 'recorded', sequence: 12 } as const;
  node.reply('clear', { answer: done(scope, { receipts: [{ ...place, fence }], fence, audit }) });
  const words = [...args.matchAll(/"([^"]*)"|(\S+)/g)].map(([, quoted, word]) => quoted ?? word ?? '');
  const { stdout } = await runCommand([...words, '--url', node.url]);
  await node.close();
  expect(stdout).toBe(shown);
});

it('the README and the help tell every exit code', () => {
  const section = readme.slice(readme.indexOf('## Exit codes'), readme.indexOf('## What it promises'));
  const listed = [...section.matchAll(/^\| ([\d, ]+) \|/gm)].flatMap(([, codes = '']) => codes.split(', ').map(Number));
  expect(listed).toEqual(Object.values(EXIT));
  let help = '';
  program
    .configureOutput({
      writeOut: (text) => {
        help += text;
      },
    })
    .outputHelp();
  const codes = help.slice(help.indexOf('Exit codes:'));
  for (const code of Object.values(EXIT)) expect(codes).toMatch(new RegExp(`(^| )${code} `, 'm'));
});
