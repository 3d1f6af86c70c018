import type { ClearOptions, Lockstep, Lookup, Namespace, QueuedReceipt, Receipt } from '@lockstep/cache';
import { CacheError } from '@lockstep/core';
import type { Answer, Call, CallKind, History } from './history.ts';
import type { Prng } from './prng.ts';
import type { SimMachine } from './sim-machine.ts';
import type { World } from './world.ts';

/** Few keys, so that operations collide; each carries one of two tags. */
const KEYS: readonly string[] = ['a', 'b', 'c'];
const TAG_OF: Readonly<Record<string, string>> = { a: 'red', b: 'red', c: 'blue' };
const SCOPES: readonly { readonly name: string; readonly keys: readonly string[] }[] = [
  { name: 'tag red', keys: ['a', 'b'] },
  { name: 'tag blue', keys: ['c'] },
  { name: 'namespace', keys: KEYS },
  { name: 'everything', keys: KEYS },
];

/** So many schedules have clients that mostly read: entries live long enough to show what they outlive. */
const READING_SHARE = 0.25;

const KINDS: readonly CallKind[] = [...readsOf(6), ...kindsOfWrites()];
const READING_KINDS: readonly CallKind[] = [...readsOf(40), ...kindsOfWrites()];

/** What a client asks for. */
export interface Request {
  readonly kind: CallKind;
  /** A key, or the name of a scope. */
  readonly target: string;
  /** How long the origin takes, and that it does not fail. Default: as it happens. */
  readonly loadMs?: number | undefined;
}

/** One node with its clients. */
export interface ClientNode {
  readonly machine: SimMachine;
  readonly lockstep: Lockstep;
  readonly tools: Namespace<string>;
  /** Whether it was told to leave. */
  hasLeft: boolean;
}

/** Clients that call the nodes at random, and write down what they asked and what they heard. */
export class Workload {
  readonly #world: World;
  readonly #history: History;
  readonly #random: Prng;
  /** Whether they mostly read. */
  readonly isReading: boolean;

  constructor(world: World, history: History) {
    this.#world = world;
    this.#history = history;
    this.#random = world.random.fork();
    this.isReading = this.#random.chance(READING_SHARE);
  }

  /** Makes one call on this node, now. */
  call(node: ClientNode): void {
    const kind = this.#random.pick(this.isReading ? READING_KINDS : KINDS);
    const scope = this.#random.pick(SCOPES);
    const key = this.#random.pick(KEYS);
    void this.ask(node, { kind, target: kind.endsWith('clear-scope') ? scope.name : key });
  }

  /** Makes this call on this node as soon as it runs; resolves when it is answered. */
  ask(node: ClientNode, { kind, target, loadMs }: Request): Promise<Call> {
    const keys = SCOPES.find(({ name }) => name === target)?.keys ?? [target];
    return new Promise((resolve) => {
      node.machine.deliver(() => {
        const call = this.#history.call({
          node: node.machine.number,
          kind,
          target,
          keys,
          startMs: this.#world.nowMs,
        });
        void this.#end(call, this.#run(node, call, loadMs)).then(() => resolve(call));
      });
    });
  }

  /** Asks every node for every key, without a loader. */
  readAll(nodes: readonly ClientNode[]): Promise<readonly Call[]> {
    const reads = nodes.flatMap((node) =>
      KEYS.map(async (key) => {
        const startMs = this.#world.nowMs;
        const call = this.#history.call({ node: node.machine.number, kind: 'get', target: key, keys: [key], startMs });
        await this.#end(call, node.tools.lookup(key).then(answerOf));
        return call;
      }),
    );
    return Promise.all(reads);
  }

  async #end(call: Call, answer: Promise<Answer>): Promise<void> {
    call.answer = await answer.catch((error: unknown): Answer => {
      if (!(error instanceof CacheError)) throw error;
      return { kind: 'failed', code: error.code };
    });
    call.endMs = this.#world.nowMs;
  }

  async #run({ lockstep, tools, machine }: ClientNode, call: Call, loadMs: number | undefined): Promise<Answer> {
    const key = call.target;
    const tags = [TAG_OF[key] as string];
    switch (call.kind) {
      case 'get':
        return answerOf(await tools.lookup(key));
      case 'load':
        // Of one key the tags are not known before its value.
        return answerOf(
          await tools.lookup(key, () => this.#load(machine, key, loadMs), { tags: key === 'b' ? () => tags : tags }),
        );
      case 'set': {
        const value = this.#history.value({ key, by: 'set', startMs: call.startMs, node: call.node, call });
        return writeAnswer(await tools.set(key, value, { tags }));
      }
      case 'clear':
      case 'fenced-clear':
      case 'degraded-clear':
        return writeAnswer(await tools.clear(key, optionsOf(call)));
      case 'expire':
        return writeAnswer(await tools.expire(key));
      case 'clear-scope':
      case 'fenced-clear-scope':
      case 'degraded-clear-scope':
        return writeAnswer(await lockstep.clear(scopeOf(call.target), optionsOf(call)));
    }
  }

  /** The origin: reads its value at once, and takes its time to answer; sometimes it fails. */
  #load(machine: SimMachine, key: string, loadMs: number | undefined): Promise<string> {
    const value = this.#history.value({ key, by: 'load', startMs: this.#world.nowMs, node: machine.number });
    const isFailing = loadMs === undefined && this.#random.chance(0.1);
    const ms = loadMs ?? (this.#random.chance(0.2) ? this.#random.between(100, 3_000) : this.#random.between(1, 50));
    return new Promise((resolve, reject) => {
      machine.after(ms, () => {
        this.#history.loaded(value, this.#world.nowMs);
        if (isFailing) reject(new Error('the origin fails'));
        else resolve(value);
      });
    });
  }
}

function readsOf(each: number): readonly CallKind[] {
  return (['get', 'load'] as const).flatMap((kind) => Array.from({ length: each }, () => kind));
}

function kindsOfWrites(): readonly CallKind[] {
  const plain = ['set', 'set', 'clear', 'clear', 'expire', 'clear-scope'] as const;
  return [...plain, 'fenced-clear', 'fenced-clear-scope', 'degraded-clear', 'degraded-clear-scope'];
}

function optionsOf({ kind }: Call): ClearOptions {
  return { wait: kind.startsWith('fenced') ? 'fenced' : 'committed', allowDegraded: kind.startsWith('degraded') };
}

function writeAnswer(receipt: Receipt | QueuedReceipt): Answer {
  if (!receipt.committed) return { kind: 'queued' };
  const { fence, replicas } = receipt;
  return {
    kind: 'committed',
    ...(fence && { fencedBy: fence.by }),
    ...(replicas && { replicated: replicas.acknowledged >= replicas.wanted }),
  };
}

function scopeOf(name: string): Parameters<Lockstep['clear']>[0] {
  if (name === 'everything') return { everything: true };
  if (name === 'namespace') return { namespace: 'tools' };
  return { tag: name.slice('tag '.length) };
}

function answerOf(found: Lookup<string>): Answer {
  const { degraded } = found;
  if (found.outcome === 'miss') return { kind: 'nothing', degraded };
  return { kind: 'value', value: found.value, source: found.source, stale: found.stale, degraded };
}
