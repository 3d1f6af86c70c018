import { readFileSync } from 'node:fs';
import tab from '@bomb.sh/tab/commander';
import { Command, CommanderError } from 'commander';
import { CommandError } from './command-error.ts';
import { addAudit } from './commands/audit.ts';
import { addCacheClear } from './commands/cache-clear.ts';
import { addCacheStatus } from './commands/cache-status.ts';
import { addConfigCheck } from './commands/config-check.ts';
import { addConfigShow } from './commands/config-show.ts';
import { addDoctor } from './commands/doctor.ts';
import { addExplain } from './commands/explain.ts';
import type { CommandContext } from './commands/node-command.ts';
import { addNodes } from './commands/nodes.ts';
import { addStatus } from './commands/status.ts';
import { addSweep } from './commands/sweep.ts';
import { addTop } from './commands/top.ts';
import { addWarm } from './commands/warm.ts';
import { addWatch } from './commands/watch.ts';
import type { ExitCode } from './exit-codes.ts';
import { EXIT } from './exit-codes.ts';
import { visible } from './output/visible.ts';
import type { Terminal } from './terminal.ts';
import { say, styled } from './terminal.ts';

const EXIT_CODES = `
Exit codes:
  0  done                      5  partly done, or nobody knows: the answer did not come
  1  failed                    6  the audit trail is not as it was written
  2  a word of the command     7  nothing has failed, something should be looked at (doctor)
     or the configuration      8  the person who was asked said no
     cannot be used          130  SIGINT
  3  not authorised          143  SIGTERM
  4  nothing answered`;

const COMPLETION_EXAMPLES = `
Examples:
  $ lockstep completion bash > ~/.local/share/bash-completion/completions/lockstep
  $ lockstep completion zsh > "\${fpath[1]}/_lockstep"
  $ lockstep completion fish > ~/.config/fish/completions/lockstep.fish`;

/** What the process gives a command line. */
export interface RunOptions {
  readonly terminal: Terminal;
  /** Aborted with the signal's name. */
  readonly signal: AbortSignal;
}

/** Runs one command line to its end; answers the code that the process ends with, and never rejects. */
export async function run(args: readonly string[], { terminal, signal }: RunOptions): Promise<ExitCode> {
  let exitCode: ExitCode = EXIT.ok;
  const finish = (code: ExitCode): void => {
    exitCode = code;
  };
  try {
    await buildProgram({ terminal, signal, finish }).parseAsync(args, { from: 'user' });
    return exitCode;
  } catch (error) {
    if (signal.aborted) return signal.reason === 'SIGTERM' ? EXIT.terminated : EXIT.interrupted;
    if (error instanceof CommanderError) return error.exitCode === 0 ? EXIT.ok : EXIT.usage;
    return complain(error, terminal);
  }
}

/** Every command, with its options and examples. */
export function buildProgram(context: CommandContext): Command {
  const { terminal } = context;
  const program = new Command('lockstep')
    .description('Looks after the caches of a Lockstep gateway: status, clears, audit trail, and what is wrong.')
    .version(ownVersion())
    .exitOverride()
    .showSuggestionAfterError()
    .configureOutput({
      writeOut: (text) => terminal.stdout.write(text),
      writeErr: (text) => terminal.stderr.write(text),
      outputError: (text, write) => write(text.replace(/^error:/, styled(terminal.stderr, 'red', 'error:'))),
    });
  addStatus(program, context);
  addNodes(program, context);
  const cache = program.command('cache').description('What the caches hold, and clears.');
  addCacheStatus(cache, context);
  addCacheClear(cache, context);
  addTop(program, context);
  addExplain(program, context);
  addWatch(program, context);
  addWarm(program, context);
  addSweep(program, context);
  addAudit(program, context);
  addDoctor(program, context);
  const config = program.command('config').description('The configuration of a node; needs no running one.');
  addConfigCheck(config, context);
  addConfigShow(config, context);
  tab(program, { completionCommandName: 'completion' });
  const completion = program.commands.find((command) => command.name() === 'completion');
  completion?.description('Prints a script for the shell that completes commands and options.');
  completion?.addHelpText('after', COMPLETION_EXAMPLES);
  return program.addHelpText('after', EXIT_CODES);
}

function ownVersion(): string {
  const manifest = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8')) as { version: string };
  return manifest.version;
}

function complain(error: unknown, terminal: Terminal): ExitCode {
  const message = error instanceof Error ? error.message : String(error);
  const [first = '', ...rest] = message.split('\n').map(visible);
  say(
    terminal,
    `${styled(terminal.stderr, 'red', 'error:')} ${[first, ...rest.map((line) => `  ${line}`)].join('\n')}`,
  );
  if (!(error instanceof CommandError)) return EXIT.failed;
  if (error.advice !== undefined) say(terminal, error.advice);
  return error.exitCode;
}
