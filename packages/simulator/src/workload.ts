import type { AnswerOptions, Lockstep, Lookup, Namespace, Receipt } from '@lockstep/cache';
import { BatchError, CacheError } from '@lockstep/core';
import type { Prng, SimMachine, World } from '@lockstep/testing/world';
import { answerOf, comparedAnswer, invalidate, writeAnswer } from './client-calls.ts';
import type { Answer, Call, CallKind, History } from './history.ts';
import { isOfScope } from './history.ts';

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

/** So many calls that may be made for many keys are: each key is then a call of its own. */
const TOGETHER_SHARE = 0.25;

/** So many calls go with a sweep, of which no history tells: it changes no answer. */
const SWEEP_SHARE = 0.02;

/** So long, at most, a client thinks about what it has read before it writes by its version. */
const COMPARE_MS_MAX = 100;

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
    if (this.#random.chance(SWEEP_SHARE)) this.#sweep(node);
    const kind = this.#random.pick(this.isReading ? READING_KINDS : KINDS);
    const scope = this.#random.pick(SCOPES);
    const key = this.#random.pick(KEYS);
    if (isForMany(kind) && this.#random.chance(TOGETHER_SHARE)) {
      // Written together, keys have one list of tags.
      const keys = kind === 'set' || this.#random.chance(0.5) ? ['a', 'b'] : KEYS;
      return this.askMany(node, kind, keys);
    }
    if (kind === 'compare-set' || kind === 'compare-clear') return this.#compare(node, kind, key);
    void this.ask(node, { kind, target: isOfScope(kind) ? scope.name : key });
  }

  /** Looks a key up, waits a little, and writes by the version that it had, as a call that begins then. */
  #compare(node: ClientNode, kind: 'compare-set' | 'compare-clear', key: string): void {
    const { machine, tools } = node;
    const waitMs = this.#random.between(0, COMPARE_MS_MAX);
    machine.deliver(async () => {
      const found = await tools.lookup(key).catch(undefinedForCacheErrors);
      if (found === undefined || found.degraded) return;
      const readMs = this.#world.nowMs;
      machine.after(waitMs, () => {
        const version = found.outcome === 'miss' ? '' : found.version;
        const call = this.#history.call({
          node: machine.number,
          kind,
          target: key,
          keys: [key],
          startMs: this.#world.nowMs,
          ...(version !== '' && { readMs }),
        });
        void this.#end(call, this.#runCompared(node, call, version));
      });
    });
  }

  async #runCompared({ tools }: ClientNode, call: Call, version: string): Promise<Answer> {
    const { target: key, startMs, node } = call;
    if (call.kind === 'compare-clear') return comparedAnswer(await tools.compareAndClear(key, version));
    const value = this.#history.value({ key, by: 'set', startMs, node, call });
    return comparedAnswer(await tools.compareAndSet(key, version, value, { tags: [TAG_OF[key] as string] }));
  }

  /** Makes one call for many keys on this node, as soon as it runs; in the history it is a call for each. */
  askMany(node: ClientNode, kind: KindForMany, keys: readonly string[]): void {
    node.machine.deliver(() => {
      const startMs = this.#world.nowMs;
      const calls = keys.map((key) => {
        return this.#history.call({ node: node.machine.number, kind, target: key, keys: [key], startMs });
      });
      const answers = answersOf(this.#runMany(node, kind, calls));
      for (const call of calls) {
        const answered = answers.then((all) => {
          const answer = all.get(call.target);
          if (answer instanceof CacheError) throw answer;
          return answer as Answer;
        });
        void this.#end(call, answered);
      }
    });
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

  #sweep({ machine, lockstep }: ClientNode): void {
    machine.deliver(() => {
      lockstep.sweep().catch((error: unknown) => {
        if (!(error instanceof CacheError)) throw error;
      });
    });
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
      case 'load': {
        const load = async (): Promise<string> => (await this.#load(machine, [key], loadMs)).get(key) as string;
        // Of one key the tags are not known before its value.
        return answerOf(await tools.lookup(key, load, { tags: key === 'b' ? () => tags : tags }));
      }
      case 'set': {
        const value = this.#history.value({ key, by: 'set', startMs: call.startMs, node: call.node, call });
        return writeAnswer(await tools.set(key, value, { tags }));
      }
      default:
        return invalidate({ lockstep, tools }, call.kind, isOfScope(call.kind) ? scopeOf(key) : key);
    }
  }

  async #runMany(
    { tools, machine }: ClientNode,
    kind: KindForMany,
    calls: readonly Call[],
  ): Promise<ReadonlyMap<string, Lookup<string> | Receipt>> {
    const keys = calls.map(({ target }) => target);
    switch (kind) {
      case 'get':
        return tools.lookupMany(keys);
      case 'load':
        return tools.lookupMany(keys, async (context) => {
          const values = await this.#load(machine, context.keys, undefined);
          const tagsOf = (key: string): AnswerOptions => ({ tags: [TAG_OF[key] as string] });
          return new Map(Array.from(values, ([key, value]) => [key, context.answer(value, tagsOf(key))]));
        });
      case 'set': {
        const values = calls.map((call) => {
          const { target: key, startMs, node } = call;
          return [key, this.#history.value({ key, by: 'set', startMs, node, call })] as const;
        });
        return tools.setMany(values, { tags: [TAG_OF[keys[0] as string] as string] });
      }
      case 'clear':
        return tools.clearMany(keys);
    }
  }

  /** The origin: reads its values at once, and takes its time to answer; sometimes it fails. */
  #load(
    machine: SimMachine,
    keys: readonly string[],
    loadMs: number | undefined,
  ): Promise<ReadonlyMap<string, string>> {
    const startMs = this.#world.nowMs;
    const values = new Map(
      keys.map((key) => [key, this.#history.value({ key, by: 'load', startMs, node: machine.number })]),
    );
    const isFailing = loadMs === undefined && this.#random.chance(0.1);
    const ms = loadMs ?? (this.#random.chance(0.2) ? this.#random.between(100, 3_000) : this.#random.between(1, 50));
    return new Promise((resolve, reject) => {
      machine.after(ms, () => {
        for (const value of values.values()) this.#history.loaded(value, this.#world.nowMs);
        if (isFailing) reject(new Error('the origin fails'));
        else resolve(values);
      });
    });
  }
}

/** The kinds of calls that there are for many keys, too. */
type KindForMany = Extract<CallKind, 'get' | 'load' | 'set' | 'clear'>;

function isForMany(kind: CallKind): kind is KindForMany {
  return ['get', 'load', 'set', 'clear'].includes(kind);
}

/** Each key's answer, or error. */
async function answersOf(
  asked: Promise<ReadonlyMap<string, Lookup<string> | Receipt>>,
): Promise<ReadonlyMap<string, Answer | CacheError>> {
  const answerTo = (one: Lookup<string> | Receipt): Answer => ('outcome' in one ? answerOf(one) : writeAnswer(one));
  try {
    return new Map([...(await asked)].map(([key, one]) => [key, answerTo(one)]));
  } catch (error) {
    if (!(error instanceof BatchError)) throw error;
    const done = [...error.done].map(([key, one]) => [key, answerTo(one)] as const);
    return new Map<string, Answer | CacheError>([...done, ...error.failed]);
  }
}

function readsOf(each: number): readonly CallKind[] {
  return (['get', 'load'] as const).flatMap((kind) => Array.from({ length: each }, () => kind));
}

function kindsOfWrites(): readonly CallKind[] {
  return [
    ...(['set', 'set', 'clear', 'clear', 'expire', 'clear-scope', 'expire-scope'] as const),
    ...(['fenced-clear', 'fenced-clear-scope', 'fenced-expire-scope'] as const),
    ...(['degraded-clear', 'degraded-clear-scope', 'degraded-expire', 'degraded-expire-scope'] as const),
    ...(['local-clear', 'local-clear-scope', 'local-expire'] as const),
    ...(['compare-set', 'compare-set', 'compare-clear'] as const),
  ];
}

function undefinedForCacheErrors(error: unknown): undefined {
  if (!(error instanceof CacheError)) throw error;
}

function scopeOf(name: string): Parameters<Lockstep['clear']>[0] {
  if (name === 'everything') return { everything: true };
  if (name === 'namespace') return { namespace: 'tools' };
  return { tag: name.slice('tag '.length) };
}
