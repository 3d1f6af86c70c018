import type { CacheTypeWord, InvalidationScope } from '@lockstep/admin-api';
import { CACHE_TYPES } from '@lockstep/admin-api';
import { AdminError } from '@lockstep/admin-client';
import type { Command } from 'commander';
import { Argument, Option } from 'commander';
import { adminFailure, CommandError } from '../command-error.ts';
import type { NodeConnection } from '../connection.ts';
import type { ExitCode } from '../exit-codes.ts';
import { EXIT } from '../exit-codes.ts';
import { writeDocument } from '../output/document.ts';
import { ask, isInteractive, say } from '../terminal.ts';
import type { ScopeOutcome } from './clear-outcome.ts';
import { clearText, done, exitCodeOf, failed, previewed, previewText } from './clear-outcome.ts';
import type { ScopeOptions } from './clear-scopes.ts';
import { isEverything, scopesOf } from './clear-scopes.ts';
import type { CommandContext, NodeCommandOptions } from './node-command.ts';
import { speaksToNode, withExamples, withNode } from './node-command.ts';

interface ClearOptions extends NodeCommandOptions, ScopeOptions {
  readonly expire?: true;
  readonly dryRun?: true;
  readonly wait: 'committed' | 'fenced';
  readonly reason?: string;
  readonly yes?: true;
}

/** `lockstep cache clear`: clears or expires a scope on every node of the cluster. */
export function addCacheClear(parent: Command, context: CommandContext): void {
  const command = parent
    .command('clear')
    .description('Clears a scope on every node of the cluster. Without words: everything.')
    .addArgument(new Argument('[type]', 'what to clear, of every gateway or of --gateway').choices(CACHE_TYPES))
    .option('--namespace <name>', 'one namespace: tools, gateway-config, …')
    .option('--key <key>', 'one key of the namespace')
    .option('--tag <tag>', 'what carries a tag, in every namespace')
    .option('--gateway <id>', 'what the caches have of one gateway')
    .option('--server <name>', 'of the gateway’s tool lists, that of one server')
    .option('--all', 'everything')
    .option('--expire', 'end freshness alone: values are loaded anew, and stand in if that fails')
    .option('--dry-run', 'show what would be cleared, and change nothing')
    .addOption(
      new Option('--wait <until>', 'fenced: return once no node can serve it any more')
        .choices(['committed', 'fenced'])
        .default('committed'),
    )
    .option('--reason <text>', 'why; for the audit trail, needed unless --dry-run')
    .option('--yes', 'do not ask before everything is cleared');
  withExamples(speaksToNode(command), [
    'cache clear tools --reason "new tools at github"',
    'cache clear tools --gateway user-1_project-1_main --server github --reason "key rotated" --wait fenced',
    'cache clear --namespace tools --dry-run',
    'cache clear --all --yes --reason "restored from backup"',
  ]).action((word: CacheTypeWord | undefined, options: ClearOptions) => {
    const scopes = scopesOf(word, options);
    return withNode(options, context, (connection) => clear(scopes, options, { ...context, connection }));
  });
}

interface ClearContext extends CommandContext {
  readonly connection: NodeConnection;
}

async function clear(
  scopes: readonly InvalidationScope[],
  options: ClearOptions,
  context: ClearContext,
): Promise<ExitCode> {
  const { terminal } = context;
  const action = options.expire === true ? 'expire' : 'clear';
  if (options.dryRun === true) {
    const outcomes = await look(scopes, options, context);
    if (options.json === true) writeDocument(terminal, { action, dryRun: true, scopes: outcomes });
    else terminal.stdout.write(previewText(outcomes, terminal.stdout));
    return EXIT.ok;
  }
  refuseUnattended(scopes, options, context);
  if (isEverything(scopes) && options.yes !== true) {
    say(terminal, previewText(await look(scopes, options, context), terminal.stderr));
    const answer = await ask(
      terminal,
      `${action === 'clear' ? 'Clear' : 'Expire'} everything, on every node? [y/N] `,
      context.signal,
    );
    if (!/^y(es)?$/i.test(answer.trim())) {
      say(terminal, 'nothing was done');
      return EXIT.declined;
    }
  }
  const reason = options.reason ?? (await ask(terminal, 'Reason, for the audit trail: ', context.signal));
  const { outcomes, failure } = await clearEach(scopes, { ...options, reason }, context);
  const exitCode = exitCodeOf(outcomes);
  // Nothing was done: the failure says it all, and there is no data.
  if (exitCode === undefined) throw failure;
  const document = { action, dryRun: false, scopes: outcomes } as const;
  if (options.json === true) writeDocument(terminal, document);
  else terminal.stdout.write(clearText(document, terminal));
  for (const outcome of outcomes) tell(outcome, context);
  return exitCode;
}

/** What a person would be asked, and nobody is there: refused before anything is sent. */
function refuseUnattended(
  scopes: readonly InvalidationScope[],
  options: ClearOptions,
  { terminal }: ClearContext,
): void {
  if (isInteractive(terminal)) return;
  if (isEverything(scopes) && options.yes !== true) {
    throw new CommandError('this clears everything, and nobody can be asked: there is no terminal', {
      exitCode: EXIT.usage,
      advice: '--yes does it without asking; --dry-run shows what there is',
    });
  }
  if (options.reason === undefined) {
    throw new CommandError('--reason is missing: it goes into the audit trail', { exitCode: EXIT.usage });
  }
}

function look(
  scopes: readonly InvalidationScope[],
  options: ClearOptions,
  context: ClearContext,
): Promise<ScopeOutcome[]> {
  const { connection, signal } = context;
  const action = options.expire === true ? 'expire' : 'clear';
  return Promise.all(
    scopes.map(async (scope) => previewed(await connection.client[action]({ scope, dryRun: true }, { signal }))),
  );
}

/** One after the other: after one that was not done, no further one is tried. */
async function clearEach(
  scopes: readonly InvalidationScope[],
  { expire, wait, reason }: ClearOptions & { readonly reason: string },
  { connection, terminal, signal }: ClearContext,
): Promise<{ readonly outcomes: readonly ScopeOutcome[]; readonly failure: CommandError | undefined }> {
  const outcomes: ScopeOutcome[] = [];
  for (const scope of scopes) {
    try {
      const answer = await connection.client[expire === true ? 'expire' : 'clear']({ scope, wait, reason }, { signal });
      outcomes.push(done(answer));
    } catch (error) {
      if (signal.aborted) say(terminal, 'broken off: it may be cleared or not');
      if (!(error instanceof AdminError)) throw error;
      outcomes.push(failed(scope, error));
      return { outcomes, failure: adminFailure(error, connection.url) };
    }
  }
  return { outcomes, failure: undefined };
}

function tell({ outcome, unknown = [], audit, error }: ScopeOutcome, { terminal }: ClearContext): void {
  if (outcome === 'unknown') {
    const what = unknown.length === 0 ? '' : `: ${unknown.join(', ')}`;
    say(terminal, `it may be cleared or not${what}; ${error?.message}; try again: a clear may be repeated`);
  }
  if (outcome === 'failed') say(terminal, `not done: ${error?.message}`);
  if (audit?.state === 'pending')
    say(terminal, 'its audit record waits in the memory of the node: the journal cannot be reached');
  if (audit?.state === 'dropped') say(terminal, 'its audit record is lost: too many wait for the journal');
}
