import type { Commit, ReplicasWanted } from '@lockstep/core';
import { CacheError, OverloadedError, TierUnavailableError } from '@lockstep/core';
import type { PipelineCommand } from './connection.ts';
import { Connection } from './connection.ts';
import { malformedReply } from './failure.ts';
import type { KeyLayout } from './key-layout.ts';
import type { KeydbTierConfig } from './options.ts';
import { textOf } from './reply.ts';

/** How many commits one round asks about; further ones wait for the next. */
const ROUND_COMMITS_MAX = 1_000;
/** How much of a commit's time one round waits for replicas at most: a commit that comes meanwhile has the rest. */
const ROUND_SHARE = 0.5;
/** With less time left than this, in ms, a commit waits for no further round. */
const ROUND_MS_MIN = 2;
/**
 * How long after its time is over, in ms, the answer of the last round is still waited for: an idle server looks for
 * WAITs whose time is over ten times a second.
 */
const LAST_ANSWER_MS = 150;
/** How soon a connection that is not there is asked for again. */
const RETRY_MS = 20;

/** A commit, the log that has it, and how many replicas its writer wants it on. */
export interface ReplicatedCommit {
  readonly log: string;
  readonly commit: Commit;
  readonly wanted: ReplicasWanted;
}

/** A commit whose writer waits. */
interface Waiting extends ReplicatedCommit {
  readonly untilMs: number;
  readonly resolve: (acknowledged: number) => void;
  readonly reject: (error: CacheError) => void;
  /** The newest answer, where one came. */
  acknowledged: number | undefined;
}

/**
 * Asks how many replicas have a commit, on a connection of its own: WAIT blocks the one that it is sent on.
 *
 * It asks in rounds, one at a time, each for all commits that wait: whether the server has the commits, a write, and
 * how many replicas have acknowledged that write, and so everything before it. The server that is asked may be another
 * than the one that committed; what it says of a commit that it has is true all the same (ADR 0008).
 */
export class Replicas {
  readonly #config: KeydbTierConfig;
  readonly #mark: string;
  readonly #waiting: Set<Waiting> = new Set();
  /** Made when it is first needed. */
  #connection: Connection | undefined;
  /** How long one WAIT on that connection may take, in ms: silence up to then is no sign of a dead server. */
  #roundMsMax = 0;
  #isAsking = false;
  #isClosed = false;

  constructor(config: KeydbTierConfig, keys: KeyLayout) {
    // Its connection's state is no news: what a caller needs to know is in the answer to his call.
    this.#config = { ...config, logger: { info() {}, warn() {}, error() {} }, onState: () => {} };
    this.#mark = keys.control.mark;
  }

  /**
   * How many replicas have the commit: once so many as wanted do, or when the time is over; 0 where the primary does
   * not have it. Rejects where the server gave no answer in that time, and at once where it refuses to.
   */
  have(asked: ReplicatedCommit): Promise<number> {
    const { server, queueMax } = this.#config;
    if (this.#isClosed) return Promise.reject(closed(server));
    if (this.#waiting.size >= queueMax) {
      return Promise.reject(new OverloadedError(`replicated: ${queueMax} commits wait for replicas already`));
    }
    const { timeoutMs } = asked.wanted;
    return new Promise((resolve, reject) => {
      const end = (settle: () => void): void => {
        clearTimeout(timer);
        this.#waiting.delete(waiting);
        settle();
      };
      const waiting: Waiting = {
        ...asked,
        untilMs: performance.now() + timeoutMs,
        acknowledged: undefined,
        resolve: (acknowledged) => end(() => resolve(acknowledged)),
        reject: (error) => end(() => reject(error)),
      };
      // After a stall of this process an answer may be here unread: what has arrived is read first.
      const timer = setTimeout(() => setImmediate(giveUp, waiting, server), timeoutMs + LAST_ANSWER_MS);
      this.#waiting.add(waiting);
      void this.#ask(timeoutMs);
    });
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    for (const waiting of [...this.#waiting]) waiting.reject(closed(this.#config.server));
    await this.#connection?.close();
  }

  /** Asks round after round for as long as commits wait. */
  async #ask(timeoutMs: number): Promise<void> {
    if (this.#isAsking) return;
    this.#isAsking = true;
    const connection = this.#connected(timeoutMs);
    while (this.#waiting.size > 0) {
      const commits = [...this.#waiting].slice(0, ROUND_COMMITS_MAX);
      try {
        await this.#round(connection, commits);
      } catch (error) {
        if (error instanceof TierUnavailableError) await new Promise((resolve) => setTimeout(resolve, RETRY_MS));
        else for (const waiting of commits) waiting.reject(error as CacheError);
      }
    }
    this.#isAsking = false;
  }

  #connected(timeoutMs: number): Connection {
    if (this.#connection !== undefined) return this.#connection;
    this.#roundMsMax = timeoutMs * ROUND_SHARE;
    const commandTimeoutMs = this.#config.commandTimeoutMs + this.#roundMsMax;
    this.#connection = new Connection({ ...this.#config, commandTimeoutMs });
    return this.#connection;
  }

  async #round(connection: Connection, commits: readonly Waiting[]): Promise<void> {
    const replicas = Math.max(...commits.map(({ wanted }) => wanted.replicas));
    const replies = await connection.pipeline('replicated', [
      ...commits.map(({ log, commit: { sequence } }): PipelineCommand => {
        return ['xrange', log, `${sequence}-0`, `${sequence}-0`];
      }),
      ['set', this.#mark, '1'],
      ['wait', replicas, this.#roundMs(commits)],
    ]);
    const acknowledged = replies.at(-1);
    if (typeof acknowledged !== 'number') throw malformedReply('replicated');
    const nowMs = performance.now();
    commits.forEach((waiting, at) => {
      const isHeld = hasCommit(replies[at], waiting.commit);
      waiting.acknowledged = isHeld ? acknowledged : 0;
      const isOver = waiting.untilMs - nowMs < ROUND_MS_MIN;
      if (isOver || !isHeld || acknowledged >= waiting.wanted.replicas) waiting.resolve(waiting.acknowledged);
    });
  }

  /** How long a round waits for replicas: not beyond anyone's time, nor longer than the connection is made for. */
  #roundMs(commits: readonly Waiting[]): number {
    const nowMs = performance.now();
    const shares = commits.map(({ untilMs, wanted }) => Math.min(untilMs - nowMs, wanted.timeoutMs * ROUND_SHARE));
    return Math.max(1, Math.floor(Math.min(this.#roundMsMax, ...shares)));
  }
}

/** Whether a server has a commit, by its answer to XRANGE: `[[id, [p, previous, e, body]]]`. */
function hasCommit(reply: unknown, { previous }: Commit): boolean {
  const [record] = Array.isArray(reply) ? reply : [];
  return Array.isArray(record?.[1]) && textOf(record[1][1]) === String(previous);
}

function giveUp({ acknowledged, resolve, reject, wanted }: Waiting, server: string): void {
  if (acknowledged !== undefined) resolve(acknowledged);
  else reject(new TierUnavailableError(`replicated: no answer from ${server} in ${wanted.timeoutMs} ms`));
}

function closed(server: string): CacheError {
  return new CacheError('closed', `the tier's connection to ${server} is closed`);
}
