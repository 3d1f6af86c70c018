import { setTimeout as delay } from 'node:timers/promises';
import type { Command } from 'commander';
import { Board } from '../board/board.ts';
import { ask, feed } from '../board/feed.ts';
import type { Frame } from '../board/frame.ts';
import { picture } from '../board/picture.ts';
import { Screen } from '../board/screen.ts';
import { adminFailure } from '../command-error.ts';
import type { NodeConnection } from '../connection.ts';
import { connectNodes, DEFAULT_URL, TOKEN_VARIABLE, URL_VARIABLE } from '../connection.ts';
import type { ExitCode } from '../exit-codes.ts';
import { EXIT } from '../exit-codes.ts';
import { writeDocument, writeLine } from '../output/document.ts';
import { visible } from '../output/visible.ts';
import type { Terminal } from '../terminal.ts';
import type { CommandContext } from './node-command.ts';
import { wholeNumber, withExamples, withJson } from './node-command.ts';

const SECONDS_MAX = 3_600;
/** Events that come together are drawn together. */
const DRAW_MS = 50;

interface TopOptions {
  readonly url?: readonly string[];
  readonly tokenFile?: string;
  readonly json?: true;
  readonly once?: true;
  readonly interval: number;
  readonly note?: string;
}

/** `lockstep top`: the nodes of a cluster, their hit ratios, and clears as they reach the nodes. */
export function addTop(parent: Command, context: CommandContext): void {
  const command = parent
    .command('top')
    .description('A live board: the nodes, their hit ratios, and clears as they reach the nodes.')
    .option(
      '--url <url>',
      `where an admin API is; once for each node, or with commas between (${URL_VARIABLE}; else ${DEFAULT_URL})`,
      (url, before: readonly string[] = []) => [...before, url],
    )
    .option('--token-file <file>', `a file that holds the token (else ${TOKEN_VARIABLE})`)
    .option('--interval <seconds>', 'how often the nodes are asked for their numbers', wholeNumber(1, SECONDS_MAX), 1)
    .option('--once', 'show one frame, and end')
    .option('--note <text>', 'a text to show under the board');
  withExamples(withJson(command), [
    'top --url http://10.0.0.1:8001,http://10.0.0.2:8001,http://10.0.0.3:8001',
    "top --json | jq '.nodes[] | {id, recentHitRatio}'",
    'top --once',
  ]).action(async (options: TopOptions) => {
    const connections = connectNodes(options, context.terminal);
    context.finish(await top(connections, options, context));
  });
}

async function top(
  connections: readonly NodeConnection[],
  options: TopOptions,
  { terminal, signal }: CommandContext,
): Promise<ExitCode> {
  const board = new Board(connections.map(({ url }) => url));
  await askAll(connections, board, signal);
  const frame = (): Frame => board.frame({ at: new Date().toISOString() });
  if (options.once === true) {
    if (options.json === true) writeDocument(terminal, frame());
    else print(frame(), options, terminal);
    return EXIT.ok;
  }
  const ended = new AbortController();
  const feeding = { board, intervalMs: options.interval * 1_000, signal: AbortSignal.any([signal, ended.signal]) };
  const view = options.json !== true && terminal.stdout.isTTY === true ? onScreen : inLines;
  const viewing = view(frame, options, { terminal, signal: feeding.signal });
  const feeds = connections.map((connection) =>
    feed(connection, { ...feeding, heard: viewing.heard }).catch((error: unknown) => {
      signal.throwIfAborted();
      throw adminFailure(error, connection.url);
    }),
  );
  try {
    await Promise.race([viewing.quit, ...feeds]);
    signal.throwIfAborted();
    return EXIT.ok;
  } finally {
    ended.abort();
    viewing.close();
    await Promise.allSettled([viewing.quit, ...feeds]);
  }
}

/** The first look at every node: with a wrong token, or where none of them answers, there is nothing to show. */
async function askAll(connections: readonly NodeConnection[], board: Board, signal: AbortSignal): Promise<void> {
  const failures = await Promise.all(
    connections.map(async (connection) => {
      const error = await ask(connection, board, signal).catch((refused: unknown) => {
        signal.throwIfAborted();
        throw adminFailure(refused, connection.url);
      });
      return error === undefined ? undefined : adminFailure(error, connection.url);
    }),
  );
  const [first] = failures;
  if (first !== undefined && !failures.includes(undefined)) throw first;
}

/** What shows frames. */
interface View {
  /** Resolves when a person wants the end. */
  readonly quit: Promise<void>;
  readonly heard: () => void;
  readonly close: () => void;
}

type Viewing = Pick<CommandContext, 'terminal' | 'signal'>;

/** Frames on the whole terminal, drawn anew whenever something is heard. */
function onScreen(frame: () => Frame, { note, interval }: TopOptions, { terminal, signal }: Viewing): View {
  const quit = Promise.withResolvers<void>();
  const draw = (): void => {
    const size = screen.size;
    const hasKeys = terminal.stdin.isTTY === true;
    const lines = picture(frame(), terminal.stdout, { ...size, note: note && visible(note), hasKeys });
    screen.draw(lines.slice(0, size.rows));
  };
  const screen = new Screen(terminal, {
    quit: quit.resolve,
    interrupt: () => process.kill(process.pid, 'SIGINT'),
    resized: draw,
  });
  let due: NodeJS.Timeout | undefined;
  const soon = (): void => {
    due ??= setTimeout(() => {
      due = undefined;
      draw();
    }, DRAW_MS);
  };
  const drawing = setInterval(draw, interval * 1_000);
  draw();
  const close = (): void => {
    clearInterval(drawing);
    clearTimeout(due);
    screen.close();
  };
  signal.addEventListener('abort', () => quit.resolve(), { once: true });
  return { quit: quit.promise, heard: soon, close };
}

/** A frame every interval: as text, or a document a line. */
function inLines(frame: () => Frame, options: TopOptions, { terminal, signal }: Viewing): View {
  const writing = async (): Promise<void> => {
    while (true) {
      if (options.json === true) writeLine(terminal, frame());
      else print(frame(), options, terminal);
      await delay(options.interval * 1_000, undefined, { signal });
    }
  };
  const quit = writing().catch(() => undefined);
  return { quit, heard: () => undefined, close: () => undefined };
}

function print(frame: Frame, { note }: TopOptions, { stdout }: Terminal): void {
  const everything = { columns: stdout.columns ?? Number.POSITIVE_INFINITY, rows: Number.POSITIVE_INFINITY };
  const lines = picture(frame, stdout, { ...everything, note: note && visible(note), hasKeys: false });
  stdout.write(`${lines.join('\n')}\n\n`);
}
