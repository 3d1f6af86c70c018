import type { ChildProcess } from 'node:child_process';
import { fork } from 'node:child_process';
import { once } from 'node:events';
import type { LockstepOptions } from '@lockstep/cache';
import type { Addresses } from './servers.ts';

/** Where the bare hop of the floor goes. */
export const HOP_SUBJECT = 'bench.hop';

/** What the other process is asked. Answers that are instants are in ns of CLOCK_MONOTONIC. */
export type PeerQuestion =
  | { readonly ask: 'warm'; readonly keys: readonly string[] }
  | { readonly ask: 'await-departure'; readonly key: string }
  | { readonly ask: 'departed-at' }
  | { readonly ask: 'await-hop' }
  | { readonly ask: 'hopped-at' }
  | { readonly ask: 'old-answers-after-stop'; readonly key: string }
  | { readonly ask: 'load'; readonly key: string; readonly callers: number; readonly loadMs: number }
  | { readonly ask: 'loads-of'; readonly key: string }
  | { readonly ask: 'close' };

export interface PeerRequest {
  readonly id: number;
  readonly question: PeerQuestion;
}

/** Another process with one node of the same cluster. */
export class Peer implements AsyncDisposable {
  readonly #child: ChildProcess;
  readonly #answers: Map<number, (value: number) => void> = new Map();
  #asked = 0;

  private constructor(child: ChildProcess) {
    this.#child = child;
    child.on('message', ({ id, value }: { readonly id: number; readonly value: number }) => {
      this.#answers.get(id)?.(value);
      this.#answers.delete(id);
    });
  }

  /** Starts the process; resolves when its node has joined. */
  static async start(addresses: Addresses, options: LockstepOptions = {}): Promise<Peer> {
    const { redisUrl, natsUrl } = addresses;
    const child = fork(
      new URL('./peer-process.ts', import.meta.url),
      [JSON.stringify([{ redisUrl, natsUrl }, options])],
      { execArgv: ['--conditions=@lockstep/source'] },
    );
    const [outcome] = await Promise.race([once(child, 'message'), once(child, 'exit')]);
    if (typeof outcome !== 'object') throw new Error(`the other process ended: ${outcome}`);
    return new Peer(child);
  }

  ask(question: PeerQuestion): Promise<number> {
    const id = ++this.#asked;
    return new Promise((resolve) => {
      this.#answers.set(id, resolve);
      this.#child.send({ id, question } satisfies PeerRequest);
    });
  }

  /** SIGSTOP and SIGCONT. */
  signal(name: 'SIGSTOP' | 'SIGCONT'): void {
    this.#child.kill(name);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.ask({ ask: 'close' });
    const ended = once(this.#child, 'exit');
    this.#child.disconnect();
    await ended;
  }
}

/** The machine's monotonic time, in ns. */
export function nowNs(): number {
  return Number(process.hrtime.bigint());
}
