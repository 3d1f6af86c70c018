import { setTimeout as pause } from 'node:timers/promises';
import type { GatewayDefinition } from '@lockstep/config';
import type { GatewayCache, Revocation, ServerRef } from '@lockstep/gateway-cache';
import type { Tool } from '@modelcontextprotocol/client';
import type { Logger } from 'pino';
import type { DirectoryChanges } from './directory-changes.ts';

/** The most that waits for the tier: many times what a large configuration changes at once. */
const WAITING_MAX = 100_000;
/** How many revocations and clears are on their way at once. */
const AT_ONCE_MAX = 200;
const PAUSE_MS = { first: 500, most: 30_000 };

/** What clearing takes. */
export interface ClusterClearsOptions {
  readonly cache: GatewayCache<GatewayDefinition, Tool>;
  readonly logger: Logger;
  /** Whether this node has run a revision of the configuration. */
  readonly hasRun: (revision: string) => boolean;
  /** Aborted when the node closes. */
  readonly closing: AbortSignal;
}

/** One thing that is to be brought about in the tier. */
type Task =
  | ({ readonly kind: 'revoke' } & Revocation)
  | { readonly kind: 'restore'; readonly grant: string }
  | { readonly kind: 'config'; readonly key: string }
  | { readonly kind: 'connection'; readonly server: ServerRef }
  | { readonly kind: 'principal'; readonly id: string };

/**
 * Brings what changed in a configuration about on every node: revocations first, then the clears of what no configuration
 * names any more. What the tier does not confirm waits, and is tried again until it does, or the node closes.
 */
export class ClusterClears {
  readonly #options: ClusterClearsOptions;
  /** By what it concerns: what a later configuration says takes the place of what an earlier one said. */
  readonly #waiting: Map<string, Task> = new Map();
  /** One attempt after another: what revokes a key and what gives it back never meet. */
  #last: Promise<void> = Promise.resolve();
  #again: Promise<void> | undefined;

  constructor(options: ClusterClearsOptions) {
    this.#options = options;
  }

  /** How much the tier has not confirmed yet. */
  get waiting(): number {
    return this.#waiting.size;
  }

  /** Takes over what changed. Resolves once all of it was tried once; `waiting` says what is left. Never rejects. */
  async add(changes: DirectoryChanges, revision: string): Promise<void> {
    for (const [name, task] of tasksOf(changes, revision)) {
      this.#waiting.delete(name);
      this.#waiting.set(name, task);
    }
    this.#bound();
    await this.#attempt();
    if (this.#waiting.size === 0) return;
    this.#again ??= this.#tryAgain().finally(() => {
      this.#again = undefined;
    });
  }

  /** Resolves once nothing is tried any more; soon after the node began to close. Never rejects. */
  async ended(): Promise<void> {
    await this.#again;
    await this.#last;
  }

  #attempt(): Promise<void> {
    this.#last = this.#last.then(() => this.#try());
    return this.#last;
  }

  async #tryAgain(): Promise<void> {
    const { closing } = this.#options;
    let pauseMs = PAUSE_MS.first;
    while (this.#waiting.size > 0) {
      const jittered = pauseMs * (0.5 + Math.random() / 2);
      await pause(jittered, undefined, { signal: closing, ref: false }).catch(() => undefined);
      if (closing.aborted) return;
      pauseMs = Math.min(2 * pauseMs, PAUSE_MS.most);
      await this.#attempt();
    }
  }

  async #try(): Promise<void> {
    const { cache, hasRun, logger } = this.#options;
    const tasks = [...this.#waiting];
    const revoked = tasks.flatMap(([, task]) => (task.kind === 'revoke' ? [task] : []));
    const restored = tasks.flatMap(([, task]) => (task.kind === 'restore' ? [task.grant] : []));
    await inParts(revoked, async (part) => this.#done(part, await settled(cache.revokeKeys(part))));
    await inParts(restored, async (part) => {
      const outcome = await settled(cache.restoreKeys(part, hasRun));
      this.#done(
        part.map((grant) => ({ kind: 'restore', grant })),
        outcome,
      );
      if (!outcome.ok || outcome.value.length === 0) return;
      const told = 'keys of this configuration stay revoked: another node, with a newer one, has revoked them';
      logger.warn({ keys: outcome.value.length }, told);
    });
    const others = tasks.map(([, task]) => task).filter(({ kind }) => kind !== 'revoke' && kind !== 'restore');
    await inParts(others, async (part) => {
      await Promise.all(part.map(async (task) => this.#done([task], await settled(this.#clear(task)))));
    });
    if (this.#waiting.size > 0 && !this.#options.closing.aborted) {
      logger.warn(
        { waiting: this.#waiting.size },
        'the tier did not confirm what a changed configuration clears: tried again',
      );
    }
  }

  async #clear(task: Task): Promise<void> {
    const { cache } = this.#options;
    if (task.kind === 'config') await cache.clearGatewayConfig(task.key);
    if (task.kind === 'connection') await cache.clearConnection(task.server);
    if (task.kind === 'principal') await cache.clearPrincipal(task.id);
  }

  /** Forgets what was done, unless a later configuration has said otherwise meanwhile. */
  #done(tasks: readonly Task[], { ok }: { readonly ok: boolean }): void {
    if (!ok) return;
    for (const task of tasks) {
      const name = nameOf(task);
      if (this.#waiting.get(name)?.kind === task.kind) this.#waiting.delete(name);
    }
  }

  #bound(): void {
    if (this.#waiting.size <= WAITING_MAX) return;
    const dropped = [...this.#waiting.keys()].slice(0, this.#waiting.size - WAITING_MAX);
    for (const name of dropped) this.#waiting.delete(name);
    this.#options.logger.error(
      { dropped: dropped.length },
      'too many clears wait for the tier: the oldest are given up',
    );
  }
}

function tasksOf(changes: DirectoryChanges, revision: string): ReadonlyMap<string, Task> {
  const tasks: Task[] = [
    ...changes.revokedGrants.map((grant): Task => ({ kind: 'revoke', grant, revision })),
    ...changes.newGrants.map((grant): Task => ({ kind: 'restore', grant })),
    ...changes.goneConfigs.map((key): Task => ({ kind: 'config', key })),
    ...changes.goneConnections.map((server): Task => ({ kind: 'connection', server })),
    ...changes.goneGateways.map((id): Task => ({ kind: 'principal', id })),
  ];
  return new Map(tasks.map((task) => [nameOf(task), task]));
}

function nameOf(task: Task): string {
  switch (task.kind) {
    case 'revoke':
    case 'restore':
      return `grant:${task.grant}`;
    case 'config':
      return `config:${task.key}`;
    case 'connection':
      return `connection:${JSON.stringify(task.server)}`;
    case 'principal':
      return `principal:${task.id}`;
  }
}

async function inParts<T>(list: readonly T[], run: (part: readonly T[]) => Promise<void>): Promise<void> {
  for (let at = 0; at < list.length; at += AT_ONCE_MAX) await run(list.slice(at, at + AT_ONCE_MAX));
}

type Settled<T> = { readonly ok: true; readonly value: T } | { readonly ok: false };

function settled<T>(work: Promise<T>): Promise<Settled<T>> {
  return work.then(
    (value): Settled<T> => ({ ok: true, value }),
    (): Settled<T> => ({ ok: false }),
  );
}
