import type { ExplainedEntry, Explanation } from '@lockstep/admin-api';
import type { Command } from 'commander';
import { CommandError } from '../command-error.ts';
import { EXIT } from '../exit-codes.ts';
import { writeDocument } from '../output/document.ts';
import { pairs } from '../output/table.ts';
import { countText, durationText } from '../output/units.ts';
import type { Terminal } from '../terminal.ts';
import type { CommandContext, NodeCommandOptions } from './node-command.ts';
import { speaksToNode, withExamples, withNode } from './node-command.ts';

interface ExplainOptions extends NodeCommandOptions {
  readonly gateway?: string;
  readonly server?: string;
}

const ANSWERS: Readonly<Record<Explanation['answer'], string>> = {
  near: 'from its near-cache',
  tier: 'from the tier',
  nothing: 'from neither: it would load',
};

const OBJECTIONS: Readonly<Record<NonNullable<ExplainedEntry['objection']>, string>> = {
  'not-fresh': 'no longer fresh',
  cleared: 'cleared since',
  'not-vouched': 'the node cannot vouch for it now',
  unreadable: 'not readable',
};

/** `lockstep explain`: why a node would answer what for one key. */
export function addExplain(parent: Command, context: CommandContext): void {
  const { terminal, signal } = context;
  const command = parent
    .command('explain')
    .description('Why a node would answer what for one key: near-cache, tier, versions, staleness.')
    .argument('<namespace>', 'tools, gateway-config, …')
    .argument('[key]', 'the key; or instead of it --gateway')
    .option('--gateway <id>', 'instead of a key: the gateway whose entry it is; of tools also --server')
    .option('--server <name>', 'the server whose tools they are');
  withExamples(speaksToNode(command), [
    'explain tools --gateway user-1_project-1_main --server github',
    'explain my-namespace my-key --json',
  ]).action((namespace: string, key: string | undefined, options: ExplainOptions) => {
    const { gateway, server } = options;
    if ((key === undefined) === (gateway === undefined)) {
      throw new CommandError('explain takes a key, or --gateway instead of it', { exitCode: EXIT.usage });
    }
    const of = key === undefined ? { gateway, server } : { key };
    const query = Object.fromEntries(Object.entries({ namespace, ...of }).filter(([, value]) => value !== undefined));
    return withNode(options, context, async ({ client }) => {
      const explanation = await client.explain({ namespace, ...query }, { signal });
      if (options.json === true) writeDocument(terminal, explanation);
      else terminal.stdout.write(explanationText(explanation, terminal));
      return EXIT.ok;
    });
  });
}

/** An explanation as people read it. */
function explanationText(explanation: Explanation, { stdout }: Terminal): string {
  const { namespace, keyId, partition, answer, near, tier, stalenessMs, applied, head, flights } = explanation;
  return pairs(stdout, [
    ['Key', `${keyId} of ${namespace}, partition ${partition}`],
    ['Answer', ANSWERS[answer]],
    ['Near', entryText(near)],
    ['Tier', tier === 'unreachable' ? 'does not answer' : entryText(tier)],
    ['Staleness', stalenessMs === null ? 'never reached the tier' : durationText(stalenessMs)],
    ['Applied', `up to event ${countText(applied)} of the partition; its newest is ${countText(head)}`],
    ['Loads', `${flights} under way`],
  ]);
}

function entryText(entry: ExplainedEntry | null): string {
  if (entry === null) return 'no entry';
  const { version, bornAt, freshForMs, standsInForMs, objection } = entry;
  const fate = objection === null ? `fresh for ${durationText(freshForMs)}` : OBJECTIONS[objection];
  const grace = standsInForMs > 0 ? `; may stand in for a failed load for ${durationText(standsInForMs)}` : '';
  return `version ${version}, born at ${bornAt}: ${fate}${grace}`;
}
