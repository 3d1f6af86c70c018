import type { SweepReport } from '@lockstep/admin-api';
import { SWEEP_LIMIT_MAX } from '@lockstep/admin-api';
import type { Command } from 'commander';
import { EXIT } from '../exit-codes.ts';
import { writeDocument } from '../output/document.ts';
import { Progress } from '../output/progress.ts';
import { bytesText, counted } from '../output/units.ts';
import { say } from '../terminal.ts';
import type { CommandContext, NodeCommandOptions } from './node-command.ts';
import { speaksToNode, wholeNumber, withExamples, withNode } from './node-command.ts';

interface SweepOptions extends NodeCommandOptions {
  readonly limit: number;
  readonly cursor?: string;
}

/** How many entries one request looks at: few enough that each is answered soon. */
const PART_ENTRIES = 10_000;

/** `lockstep sweep`: gives back the memory of what clears have ended, part by part until the end. */
export function addSweep(parent: Command, context: CommandContext): void {
  const { terminal, signal } = context;
  const command = parent
    .command('sweep')
    .description('Gives back the memory of entries in the tier that a clear has ended.')
    .option('--limit <entries>', 'how many to look at, at most (left out: all)', wholeNumber(1, 1e15), Infinity)
    .option('--cursor <cursor>', 'go on where an earlier sweep ended');
  withExamples(speaksToNode(command), ['sweep', 'sweep --limit 100000 --json']).action((options: SweepOptions) =>
    withNode(options, context, async ({ client }) => {
      const progress = new Progress(terminal);
      let total: SweepReport = { scanned: 0, reclaimed: 0, reclaimedBytes: 0, cursor: options.cursor ?? null };
      try {
        do {
          const limit = Math.min(PART_ENTRIES, SWEEP_LIMIT_MAX, options.limit - total.scanned);
          const { cursor } = total;
          const part = await client.sweep({ limit, ...(cursor === null ? {} : { cursor }) }, { signal });
          total = added(total, part);
          progress.show(`${counted(total.scanned, 'entry', 'entries')} looked at`);
        } while (total.cursor !== null && total.scanned < options.limit);
      } finally {
        progress.clear();
      }
      if (options.json === true) writeDocument(terminal, total);
      else terminal.stdout.write(sweepText(total));
      if (total.cursor !== null) say(terminal, `there is more to look at: --cursor ${total.cursor}`);
      return EXIT.ok;
    }),
  );
}

function added(total: SweepReport, part: SweepReport): SweepReport {
  return {
    scanned: total.scanned + part.scanned,
    reclaimed: total.reclaimed + part.reclaimed,
    reclaimedBytes: total.reclaimedBytes + part.reclaimedBytes,
    cursor: part.cursor,
  };
}

/** A sweep as people read it. */
function sweepText({ scanned, reclaimed, reclaimedBytes }: SweepReport): string {
  const looked = counted(scanned, 'entry', 'entries');
  return `${looked} looked at, ${reclaimed} reclaimed, ${bytesText(reclaimedBytes)} given back\n`;
}
