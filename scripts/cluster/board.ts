import type { ChildProcess } from 'node:child_process';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import type { Cluster } from './cluster.ts';
import { CLEAR_EVERY_MS, DemoTraffic } from './demo-traffic.ts';
import { untilTold } from './watch.ts';

const ERROR_CHARACTERS_MAX = 2_000;
const TRAFFIC = 'This traffic is a demonstration: MCP requests to every node';
const CLEARS = `a fenced clear every ${CLEAR_EVERY_MS / 1_000} s`;
const NOTE_WITH_KEYS = `${TRAFFIC} (t: stop it, or go on), and ${CLEARS} (c: one now). w: what to try yourself. q: end all of it.`;
const NOTE = `${TRAFFIC}, and ${CLEARS}. Ctrl-C ends all of it.`;

/** What the board is shown for. */
export interface BoardContext {
  readonly root: string;
  /** Aborted when all is to end. */
  readonly signal: AbortSignal;
}

/**
 * Shows `lockstep top` of the cluster on this terminal, with traffic of a demonstration, until the signal or the key for it; the
 * terminal is given back then. Rejects as `untilTold` does.
 */
export async function untilToldAtBoard(cluster: Cluster, { root, signal }: BoardContext): Promise<void> {
  const ending = new AbortController();
  const told = AbortSignal.any([signal, ending.signal]);
  const traffic = new DemoTraffic(cluster, told);
  const board = new Board(cluster, root);
  const keys: Readonly<Record<string, () => void>> = {
    c: () => traffic.clear(),
    t: () => traffic.toggle(),
    w: () => void board.toggle(),
    q: () => ending.abort(),
    // In raw mode Ctrl-C is a key like others.
    '\u0003': () => ending.abort(),
  };
  const letGo = onKeys((key) => keys[key]?.());
  const resized = (): void => board.resized();
  process.on('SIGWINCH', resized);
  board.show();
  const running = traffic.run();
  try {
    await untilTold(cluster, told);
  } finally {
    ending.abort();
    process.off('SIGWINCH', resized);
    letGo();
    await Promise.all([board.hide(), running]);
  }
}

/** `lockstep top` on this terminal, a process of its own; this one has the keys. */
class Board {
  readonly #cluster: Cluster;
  readonly #root: string;
  #child: ChildProcess | undefined;
  #toggling: Promise<void> = Promise.resolve();

  constructor(cluster: Cluster, root: string) {
    this.#cluster = cluster;
    this.#root = root;
  }

  show(): void {
    const { nodes, adminToken, guard } = this.#cluster;
    const note = process.stdin.isTTY ? NOTE_WITH_KEYS : NOTE;
    const main = join(this.#root, 'apps/cli/src/main.ts');
    const child = spawn(process.execPath, ['--conditions=@lockstep/source', main, 'top', '--note', note], {
      env: {
        ...process.env,
        LOCKSTEP_ADMIN_URL: nodes.map(({ adminUrl }) => adminUrl).join(),
        LOCKSTEP_ADMIN_TOKEN: adminToken,
      },
      stdio: ['ignore', 'inherit', 'pipe'],
      detached: true,
    });
    this.#child = child;
    if (child.pid !== undefined) guard.watch(child.pid);
    let said = '';
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      said = (said + text).slice(-ERROR_CHARACTERS_MAX);
    });
    child.on('error', ({ message }) => {
      said += message;
    });
    child.on('close', () => {
      if (this.#child !== child) return;
      this.#child = undefined;
      console.error(`the board has ended by itself; the nodes have not:\n${said}`);
    });
  }

  /** Resolves when the terminal is as it was before. */
  async hide(): Promise<void> {
    const child = this.#child;
    this.#child = undefined;
    if (child === undefined || child.exitCode !== null) return;
    const closed = once(child, 'close');
    child.kill('SIGTERM');
    await closed;
  }

  /** Shows what was on the terminal before it, or the board again. */
  toggle(): Promise<void> {
    this.#toggling = this.#toggling.then(async () => {
      if (this.#child === undefined) return this.show();
      await this.hide();
      console.log('\nw: back to the board. q: end all of it.');
    });
    return this.#toggling;
  }

  /** Of a process in the background the terminal does not ask. */
  resized(): void {
    this.#child?.kill('SIGWINCH');
  }
}

/** Takes every key that is pressed, where there is a keyboard; answers what gives it back. */
function onKeys(pressed: (key: string) => void): () => void {
  const { stdin } = process;
  if (!stdin.isTTY) return () => undefined;
  const hear = (keys: Buffer): void => {
    for (const key of keys.toString('latin1')) pressed(key);
  };
  stdin.setRawMode(true);
  stdin.on('data', hear);
  return () => {
    stdin.off('data', hear);
    stdin.setRawMode(false);
    stdin.pause();
  };
}
