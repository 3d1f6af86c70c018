import { formatProblems, redactConfig } from '@lockstep/config';
import type { Command } from 'commander';
import { CommandError } from '../command-error.ts';
import { EXIT } from '../exit-codes.ts';
import { writeDocument } from '../output/document.ts';
import { loadConfig } from './config-file.ts';
import type { CommandContext } from './node-command.ts';
import { withExamples, withJson } from './node-command.ts';

/** `lockstep config show`: what a configuration comes to, complete, secrets masked. */
export function addConfigShow(parent: Command, { terminal, finish }: CommandContext): void {
  const command = parent
    .command('show')
    .description('What a configuration comes to, complete, with every secret masked; always a JSON document.')
    .argument('<file>', 'the configuration');
  withExamples(withJson(command), ['config show gateway.json', 'config show gateway.json | jq .cluster']).action(
    (file: string) => {
      const loaded = loadConfig(file, terminal);
      if (!loaded.ok) throw new CommandError(formatProblems(loaded.problems).trimEnd(), { exitCode: EXIT.usage });
      writeDocument(terminal, redactConfig(loaded.value));
      finish(EXIT.ok);
    },
  );
}
