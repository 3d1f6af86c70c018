import type { WarmDone, WarmedServer } from '@lockstep/admin-api';
import type { Command } from 'commander';
import { CommandError } from '../command-error.ts';
import type { ExitCode } from '../exit-codes.ts';
import { EXIT } from '../exit-codes.ts';
import { writeDocument } from '../output/document.ts';
import { Progress } from '../output/progress.ts';
import type { Cell } from '../output/table.ts';
import { table } from '../output/table.ts';
import { durationText } from '../output/units.ts';
import type { Terminal } from '../terminal.ts';
import type { CommandContext, NodeCommandOptions } from './node-command.ts';
import { speaksToNode, withExamples, withNode } from './node-command.ts';

interface WarmOptions extends NodeCommandOptions {
  readonly gateway?: string;
  readonly server?: string;
}

/** What `lockstep warm --json` prints. */
interface WarmDocument extends Omit<WarmDone, 'type'> {
  readonly servers: readonly Omit<WarmedServer, 'type'>[];
}

const STYLES = { success: 'green', error: 'red', pending: 'yellow' } as const;

/** `lockstep warm`: discovers tools now, so that the caches have them before anyone asks. */
export function addWarm(parent: Command, context: CommandContext): void {
  const command = parent
    .command('warm')
    .description('Discovers the tools of servers now, so that the caches have them before anyone asks.')
    .option('--gateway <id>', 'of this gateway alone')
    .option('--server <name>', 'of this server of the gateway alone');
  withExamples(speaksToNode(command), [
    'warm',
    'warm --gateway user-1_project-1_main --server github',
    'warm --json',
  ]).action((options: WarmOptions) => {
    if (options.server !== undefined && options.gateway === undefined) {
      throw new CommandError('--server takes a --gateway beside it: whose server is it?', { exitCode: EXIT.usage });
    }
    return withNode(options, context, async ({ client }) => {
      const { terminal, signal } = context;
      const { gateway, server } = options;
      const of = { ...(gateway === undefined ? {} : { gateway }), ...(server === undefined ? {} : { server }) };
      const progress = new Progress(terminal);
      const servers: WarmedServer[] = [];
      let [total, done] = [0, { succeeded: 0, failed: 0, pending: 0 }];
      try {
        for await (const line of client.warm(of, { signal })) {
          if (line.type === 'started') total = line.servers;
          if (line.type === 'server') servers.push(line);
          if (line.type === 'done') done = line;
          progress.show(`${servers.length} of ${total} ${servers.at(-1)?.server ?? ''}`);
        }
      } finally {
        progress.clear();
      }
      return report({ servers, ...done }, options, terminal);
    });
  });
}

function report(
  { servers, succeeded, failed, pending }: WarmDocument,
  options: WarmOptions,
  terminal: Terminal,
): ExitCode {
  const plain = servers.map(({ gateway, server, status, tools, source, code, tookMs }) => {
    return { gateway, server, status, tools, source, code, tookMs } as Omit<WarmedServer, 'type'>;
  });
  const document: WarmDocument = { servers: plain, succeeded, failed, pending };
  if (options.json === true) writeDocument(terminal, document);
  else terminal.stdout.write(warmText(document, terminal));
  if (failed > 0) return EXIT.failed;
  return pending > 0 ? EXIT.partlyUnknown : EXIT.ok;
}

/** What a warm-up did as people read it. */
function warmText({ servers, succeeded, failed, pending }: WarmDocument, { stdout }: Terminal): string {
  const rows = servers.map((server): Cell[] => [
    server.gateway,
    server.server,
    { text: server.status, style: STYLES[server.status] },
    server.tools === undefined ? '' : String(server.tools),
    server.source ?? server.code ?? '',
    durationText(server.tookMs),
  ]);
  const heads = ['gateway', 'server', 'status', 'tools', 'from', 'took'];
  return `${table(stdout, heads, rows)}${succeeded} warm, ${failed} failed, ${pending} pending\n`;
}
