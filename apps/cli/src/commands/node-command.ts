import type { Command } from 'commander';
import { InvalidArgumentError } from 'commander';
import { adminFailure } from '../command-error.ts';
import type { ConnectionOptions, NodeConnection } from '../connection.ts';
import { connectNode, DEFAULT_URL, TOKEN_VARIABLE, URL_VARIABLE } from '../connection.ts';
import type { ExitCode } from '../exit-codes.ts';
import type { Terminal } from '../terminal.ts';

/** What a command is given, and where it says what the process ends with. */
export interface CommandContext {
  readonly terminal: Terminal;
  readonly signal: AbortSignal;
  readonly finish: (code: ExitCode) => void;
}

/** Options of every command that speaks to a node. */
export interface NodeCommandOptions extends ConnectionOptions {
  readonly json?: true;
}

/** Gives a command the options that lead to a node, and that for machines. */
export function speaksToNode(command: Command): Command {
  return withJson(
    command
      .option('--url <url>', `where the node's admin API is (${URL_VARIABLE}; else ${DEFAULT_URL})`)
      .option('--token-file <file>', `a file that holds the token (else ${TOKEN_VARIABLE})`),
  );
}

export function withJson(command: Command): Command {
  return command.option('--json', 'print a document for machines');
}

/** Adds examples to a command's help. */
export function withExamples(command: Command, examples: readonly string[]): Command {
  return command.addHelpText(
    'after',
    `\nExamples:\n${examples.map((example) => `  $ lockstep ${example}`).join('\n')}`,
  );
}

/** Does a command's work with a node, and tells what it fails with in words that a person can act on. */
export async function withNode(
  options: ConnectionOptions,
  { terminal, signal, finish }: CommandContext,
  work: (connection: NodeConnection) => Promise<ExitCode>,
): Promise<void> {
  const connection = connectNode(options, terminal);
  try {
    finish(await work(connection));
  } catch (error) {
    signal.throwIfAborted();
    throw adminFailure(error, connection.url);
  }
}

/** Takes a whole number of a range, for an option. */
export function wholeNumber(min: number, max: number): (text: string) => number {
  return (text) => {
    const number = /^\d{1,15}$/.test(text) ? Number(text) : Number.NaN;
    if (number >= min && number <= max) return number;
    throw new InvalidArgumentError(`It takes a whole number from ${min} to ${max}.`);
  };
}
