import type { MemberView, NodeReport } from '@lockstep/admin-api';
import type { Command } from 'commander';
import { EXIT } from '../exit-codes.ts';
import { writeDocument } from '../output/document.ts';
import { stateCell } from '../output/state.ts';
import type { Cell } from '../output/table.ts';
import { table } from '../output/table.ts';
import { durationText } from '../output/units.ts';
import type { Terminal } from '../terminal.ts';
import type { CommandContext, NodeCommandOptions } from './node-command.ts';
import { speaksToNode, withExamples, withNode } from './node-command.ts';

const HEADINGS = ['', 'node', 'state', 'staleness', 'behind', 'version', 'up for', 'url'];

/** `lockstep nodes`: the members of the cluster. */
export function addNodes(parent: Command, context: CommandContext): void {
  const { terminal, signal } = context;
  const command = parent.command('nodes').description('The members of the cluster, and how each of them is.');
  withExamples(speaksToNode(command), ['nodes', "nodes --json | jq '.nodes[] | {id, state: .report.state}'"]).action(
    (options: NodeCommandOptions) =>
      withNode(options, context, async ({ client }) => {
        const answer = await client.nodes({ signal });
        if (options.json === true) writeDocument(terminal, answer);
        else terminal.stdout.write(nodesText(answer.nodes, terminal));
        return EXIT.ok;
      }),
  );
}

/** Members as people read them; `*` is the node that was asked. */
function nodesText(nodes: readonly MemberView[], { stdout }: Terminal): string {
  return table(
    stdout,
    HEADINGS,
    nodes.map(({ id, isSelf, report }) => [isSelf ? '*' : ' ', id, ...reportCells(report)]),
  );
}

function reportCells(report: NodeReport | null): readonly Cell[] {
  if (report === null) return [{ text: 'silent', style: 'yellow' }, '', '', '', '', ''];
  return [
    stateCell(report),
    report.stalenessMs === null ? 'never joined' : durationText(report.stalenessMs),
    String(behind(report)),
    report.version,
    durationText(report.uptimeSeconds * 1_000),
    report.url,
  ];
}

/** How many events the node knows of and has not applied. */
function behind({ positions }: NodeReport): number {
  return positions.reduce((sum, { seen, applied }) => sum + Math.max(0, (seen ?? 0) - (applied ?? 0)), 0);
}
