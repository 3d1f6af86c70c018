import type { Status } from '@lockstep/admin-api';
import type { Command } from 'commander';
import { EXIT } from '../exit-codes.ts';
import { writeDocument } from '../output/document.ts';
import { stateCell } from '../output/state.ts';
import { pairs, table } from '../output/table.ts';
import { bytesText, counted, countText, durationText } from '../output/units.ts';
import type { Terminal } from '../terminal.ts';
import type { CommandContext, NodeCommandOptions } from './node-command.ts';
import { speaksToNode, withExamples, withNode } from './node-command.ts';

/** `lockstep status`: one node, its cluster, and its caches in numbers. */
export function addStatus(parent: Command, context: CommandContext): void {
  const { terminal, signal } = context;
  const command = speaksToNode(parent.command('status').description('A node, its cluster, and its caches in numbers.'));
  withExamples(command, ['status', 'status --url https://admin.example.com --json']).action(
    (options: NodeCommandOptions) =>
      withNode(options, context, async ({ client }) => {
        const status = await client.status({ signal });
        if (options.json === true) writeDocument(terminal, status);
        else terminal.stdout.write(statusText(status, terminal));
        return EXIT.ok;
      }),
  );
}

/** A status as people read it. */
function statusText(status: Status, { stdout }: Terminal): string {
  const { node, redis_info: tier, audit } = status;
  const facts = pairs(stdout, [
    ['Node', `${node.id} (${node.url})`],
    ['State', stateCell(node)],
    ['Staleness', node.stalenessMs === null ? 'never reached the tier' : durationText(node.stalenessMs)],
    ['Version', node.version],
    ['Up for', durationText(node.uptimeSeconds * 1_000)],
    ['Mode', status.mode === 'local' ? 'local' : `cluster, ${memberText(status.members)}`],
    ...(tier === undefined ? [] : [['Tier', tierText(tier)] as const]),
    ['Audit', auditText(audit)],
  ]);
  const rows = Object.entries(status.namespaces).map(([name, { entries, near }]) => [
    name,
    countText(entries),
    String(near.entries),
    bytesText(near.bytes),
    ...[near.nearHits, near.tierHits, near.loads, near.loadsFailed, near.staleAnswers, near.degradedAnswers].map(
      String,
    ),
  ]);
  const heads = [
    'namespace',
    'entries',
    'near',
    'size',
    'near hits',
    'tier hits',
    'loads',
    'failed',
    'stale',
    'degraded',
  ];
  return `${facts}\n${table(stdout, heads, rows)}`;
}

function memberText(members: number | null): string {
  return members === null ? 'members unknown: the tier does not answer' : counted(members, 'member');
}

function tierText(tier: NonNullable<Status['redis_info']> | null): string {
  if (tier === null) return 'does not answer';
  return `${tier.redis_version}, ${tier.used_memory_human} used, ${counted(tier.total_keys, 'key')}`;
}

function auditText({ pending, dropped }: Status['audit']): string {
  const lost = dropped === 0 ? '' : `, ${counted(dropped, 'record')} lost`;
  return `${counted(pending, 'record')} waiting${lost}`;
}
