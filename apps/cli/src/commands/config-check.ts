import { formatProblems } from '@lockstep/config';
import type { Command } from 'commander';
import { EXIT } from '../exit-codes.ts';
import { writeDocument } from '../output/document.ts';
import { counted } from '../output/units.ts';
import { say } from '../terminal.ts';
import { loadConfig } from './config-file.ts';
import type { CommandContext } from './node-command.ts';
import { withExamples, withJson } from './node-command.ts';

/** `lockstep config check`: every problem of a configuration, or what it comes to in a line. */
export function addConfigCheck(parent: Command, { terminal, finish }: CommandContext): void {
  const command = parent
    .command('check')
    .description('Every problem of a configuration, as a node in this environment would find it.')
    .argument('<file>', 'the configuration');
  withExamples(withJson(command), ['config check gateway.json']).action((file: string, options: { json?: true }) => {
    const loaded = loadConfig(file, terminal);
    const [problems, notes] = loaded.ok ? [[], loaded.value.notes] : [loaded.problems, []];
    if (options.json === true) {
      writeDocument(terminal, { usable: loaded.ok, problems, notes });
    } else if (loaded.ok) {
      const { gateways, keys } = loaded.value.directory;
      const mode = loaded.value.cluster === undefined ? 'local mode' : `cluster ${loaded.value.cluster.name}`;
      const what = [mode, counted(gateways.length, 'gateway'), counted(keys.length, 'key')].join(', ');
      terminal.stdout.write(`usable: ${what}\n`);
    } else {
      terminal.stdout.write(formatProblems(problems));
    }
    for (const note of notes) say(terminal, `note: ${note}`);
    finish(loaded.ok ? EXIT.ok : EXIT.usage);
  });
}
