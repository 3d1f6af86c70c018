import { readdirSync, readFileSync } from 'node:fs';
import { PassThrough } from 'node:stream';
import { fileURLToPath } from 'node:url';
import type { Command } from 'commander';
import { expect, it } from 'vitest';
import { buildProgram } from '../src/program.ts';

const DOCS = fileURLToPath(new URL('../../docs/', import.meta.url));
const RULES = fileURLToPath(new URL('../../../infra/prometheus/rules/', import.meta.url));
const pages = readdirSync(DOCS, { recursive: true, encoding: 'utf8' }).filter((path) => path.endsWith('.md'));
const page = (path: string): string => readFileSync(`${DOCS}${path}`, 'utf8');
const pageOf = (alert: string): string => `runbooks/${alert.replaceAll(/(?<=[a-z])(?=[A-Z])/g, '-').toLowerCase()}.md`;

const rules = readdirSync(RULES)
  .filter((file) => file.endsWith('.rules.yml'))
  .map((file) => readFileSync(`${RULES}${file}`, 'utf8'))
  .join('\n');
const alerts = [...rules.matchAll(/^\s*- alert: (\w+)$/gm)].map(([, alert = '']) => alert);
const SECTIONS = ['Confirm', 'What to do', 'What not to do', 'Over'];

it('every alert has its page, and every page of the runbooks its alert', () => {
  expect(alerts.length).toBeGreaterThan(0);
  const listed = pages.filter((path) => path.startsWith('runbooks/') && !path.endsWith('README.md'));
  expect(listed.sort()).toEqual(alerts.map(pageOf).sort());
});

it('every alert leads to its page, with its severity in the index', () => {
  const index = page('runbooks/README.md');
  for (const rule of rules.split(/^\s*- alert: /m).slice(1)) {
    const alert = /^\w+/.exec(rule)?.[0] ?? '';
    expect(/runbook_url: \S*?(apps\/docs\/\S+)/.exec(rule)?.[1]).toBe(`apps/docs/${pageOf(alert)}`);
    const [, file] = pageOf(alert).split('/');
    expect(index).toContain(`| [${alert}](${file}) | ${/severity: (\w+)/.exec(rule)?.[1]} |`);
  }
});

it.each(alerts)(
  'the page of %s says what it means, how to confirm it, what to do and not to do, and when it is over',
  (alert) => {
    const text = page(pageOf(alert));
    expect(text).toMatch(new RegExp(`^# ${alert}\n\n\\*\\*Means\\.\\*\\* `));
    expect(text).toContain('**Users notice**');
    expect([...text.matchAll(/^## (.+)$/gm)].map(([, section]) => section)).toEqual(SECTIONS);
  },
);

/** Every `lockstep …` of a page: what is in its code, block by block and in line. */
function commandsOf(text: string): readonly string[] {
  const blocks = [...text.matchAll(/^```(?:sh|console)?\n([\s\S]*?)^```/gm)].flatMap(([, block = '']) =>
    block.split('\n'),
  );
  const prose = text.replaceAll(/^```[\s\S]*?^```/gm, '');
  const inline = [...prose.matchAll(/`([^`]+)`/g)].map(([, code = '']) => code.replaceAll(/\s+/g, ' '));
  return [...blocks, ...inline].flatMap((line) => {
    const [, words] = /^(?:\$ )?(?:[A-Z_]+=\S+ )*(?:pnpm )?lockstep ([a-z].*)$/.exec(line) ?? [];
    return words === undefined ? [] : [words.replace(/ +#.*$/, '').trim()];
  });
}

const commands = pages.flatMap((path) => commandsOf(page(path)).map((words) => ({ path, words })));

function wordsOf(line: string): readonly string[] {
  return (line.match(/"[^"]*"|'[^']*'|\S+/g) ?? []).map((word) => word.replaceAll(/^["']|["']$/g, ''));
}

/** Parses as the program does, and does nothing. */
async function parse(words: readonly string[]): Promise<void> {
  const stream = new PassThrough();
  const program = buildProgram({
    terminal: { stdin: stream, stdout: stream, stderr: stream, environment: {} },
    signal: new AbortController().signal,
    finish: () => undefined,
  });
  idle(program);
  await program.parseAsync([...words], { from: 'user' });
}

function idle(command: Command): void {
  command.exitOverride();
  if (command.commands.length === 0) command.action(() => undefined);
  command.commands.forEach(idle);
}

it.each(commands)('$path: `lockstep $words` is a command', async ({ words }) => {
  await expect(parse(wordsOf(words)), words).resolves.toBeUndefined();
});

it('what is no command is not taken for one', async () => {
  expect(commands.length).toBeGreaterThan(30);
  await expect(parse(['cache', 'clean'])).rejects.toThrow();
  await expect(parse(['status', '--no-such-option'])).rejects.toThrow();
});

const telemetry = readFileSync(new URL('../../../packages/telemetry/README.md', import.meta.url), 'utf8');
const named = (pattern: RegExp): readonly string[] =>
  [...telemetry.matchAll(pattern)].map(([, name = '']) => name.replaceAll('.', '_'));
const METRICS = new Set(named(/^\| `(lockstep\.[a-z._]+)` \| \w+ \| `/gm));
const ATTRIBUTES = new Set(named(/`(lockstep\.[a-z._]+)`/g));

/** Every name of ours in the PromQL of a page, and in its prose. */
const names = pages.flatMap((path) =>
  [...page(path).matchAll(/(?<![\w:])lockstep_[a-z_]+/g)].map(([name]) => ({ path, name })),
);

it.each(names)('$path: $name is a metric, or a label of one', ({ name }) => {
  const isMetric = [...METRICS].some(
    (metric) =>
      name.startsWith(metric) && /^(_(seconds|bytes|total|bucket|sum|count))*$/.test(name.slice(metric.length)),
  );
  expect(isMetric || ATTRIBUTES.has(name), name).toBe(true);
});
