import type {
  ClusterSettings,
  Commit,
  ControlState,
  EntryWrite,
  Head,
  Incarnation,
  Inspected,
  InspectSubject,
  KeyAddress,
  LeaseRequest,
  LogRecord,
  Members,
  NodeId,
  ReplicasWanted,
  ScanPage,
  ScopeId,
  Tier,
  TierCompared,
  TierFill,
  TierInfo,
  TierRead,
} from '@lockstep/core';
import { CacheError, CONTROL_PARTITION, decodeEntryHeader, entryEndMs, TierUnavailableError } from '@lockstep/core';
import type { Prng } from './prng.ts';
import type { SimMachine } from './sim-machine.ts';
import type { TierModel } from './tier-model.ts';
import type { Moment } from './tier-partition.ts';
import type { Refusal, Step, TierServer } from './tier-server.ts';
import type { World } from './world.ts';

const COMMAND_TIMEOUT_MS = 250;

/** How the way between a node and the tier behaves; probabilities per request. */
export interface TierLink {
  /** A request's way, in ms. */
  readonly latencyMs: readonly [number, number];
  /** An answer's way, in ms. */
  answerMs: readonly [number, number];
  /** Between two commands of one pipeline, in ms. */
  readonly pauseMs: readonly [number, number];
  /** A request that never arrives. */
  lost: number;
  /** An answer that never arrives: the request was executed. */
  unanswered: number;
  /** A request that takes far longer than the node waits, and is executed then. */
  late: number;
  /** Nothing passes, and nobody is told. */
  isCut: boolean;
  /** There is no connection: calls reject at once. */
  isRefused: boolean;
  /** When it was last restored, in true ms: the connection is no older. */
  upSinceMs: number;
}

/** What a request does at the tier, once it has arrived there; it gives its reply to `answer`, now or later. */
type Execute<R> = (answer: (reply: R | Refusal) => void) => void;

/** A node's connection to the simulated tier: every call arrives, gets lost, or is executed after it was given up. */
export class SimTier implements Tier {
  readonly #world: World;
  readonly #machine: SimMachine;
  readonly #servers: { readonly control: TierServer; readonly data: TierServer };
  readonly #link: TierLink;
  readonly #random: Prng;

  constructor(
    world: World,
    machine: SimMachine,
    options: { readonly control: TierServer; readonly data: TierServer; readonly link: TierLink },
  ) {
    this.#world = world;
    this.#machine = machine;
    this.#servers = options;
    this.#link = options.link;
    this.#random = world.random.fork();
  }

  async read(address: KeyAddress, lease?: LeaseRequest): Promise<TierRead> {
    if (lease !== undefined) return this.#onData((model, moment) => model.read(address, { lease }, moment));
    const [read] = await this.readMany([address]);
    return read as TierRead;
  }

  readOver(address: KeyAddress, version: string, lease: LeaseRequest): Promise<TierRead> {
    return this.#onData((model, moment) => model.read(address, { lease, over: version }, moment));
  }

  /** Reads the clock, then partition after partition: others write in between. */
  readMany(addresses: readonly KeyAddress[]): Promise<readonly TierRead[]> {
    const run = <R>(step: Step<R>): R | Refusal => this.#servers.data.run(this.#machine.number, step, false);
    const partitions = [...new Set(addresses.map(({ partition }) => partition))];
    return this.#send((answer) => {
      const readAt = run((_, moment) => moment);
      if (typeof readAt === 'string') return answer(readAt);
      const found = new Map<KeyAddress, TierRead>();
      const readPartition = (at: number): void => {
        if (at === partitions.length) return answer(addresses.map((address) => found.get(address) as TierRead));
        const of = addresses.filter(({ partition }) => partition === partitions[at]);
        this.#world.after(this.#random.between(...this.#link.pauseMs), () => {
          const reads = run((model, now) => of.map((address) => readEntry(model, { address, now, readAt })));
          if (typeof reads === 'string') return answer(reads);
          for (const [index, address] of of.entries()) found.set(address, reads[index] as TierRead);
          readPartition(at + 1);
        });
      };
      readPartition(0);
    });
  }

  fill(write: EntryWrite, token: string): Promise<TierFill> {
    const versionPart = this.#random.hex(8);
    return this.#onData((model, moment) => model.fill(write, { token, versionPart }, moment));
  }

  release(address: KeyAddress, token: string): Promise<{ readonly waiters: boolean }> {
    return this.#onData((model) => model.release(address, token));
  }

  put(write: EntryWrite): Promise<Commit> {
    return this.#onData((model, moment) => model.put(write, moment));
  }

  clear(address: KeyAddress): Promise<Commit> {
    return this.#onData((model, moment) => model.clear(address, moment));
  }

  expire(address: KeyAddress): Promise<Commit> {
    return this.#onData((model, moment) => model.expire(address, moment));
  }

  compareAndPut(write: EntryWrite, version: string): Promise<TierCompared> {
    return this.#onData((model, moment) => model.compareAndPut(write, version, moment));
  }

  compareAndClear(address: KeyAddress, version: string): Promise<TierCompared> {
    return this.#onData((model, moment) => model.compareAndClear(address, version, moment));
  }

  clearScope(scopeId: ScopeId): Promise<Commit> {
    return this.#onControl((model, moment) => model.endScope({ kind: 'clear-scope', scopeId }, moment));
  }

  expireScope(scopeId: ScopeId): Promise<Commit> {
    return this.#onControl((model, moment) => model.endScope({ kind: 'expire-scope', scopeId }, moment));
  }

  /** The one replica takes its time to acknowledge: at times more than there is. */
  async replicated(partition: number, commit: Commit, { replicas, timeoutMs }: ReplicasWanted): Promise<number> {
    const isControl = partition === CONTROL_PARTITION;
    const server = isControl ? this.#servers.control : this.#servers.data;
    const waitMs = replicas > 1 ? timeoutMs : Math.min(timeoutMs, this.#random.between(0, 1.2 * timeoutMs));
    await new Promise<void>((resolve) => this.#machine.after(waitMs, resolve));
    if (waitMs === timeoutMs && replicas === 1) return 0;
    return this.#send((answer) => {
      answer(server.acknowledge(this.#machine.number, isControl ? 'control' : partition, commit));
    });
  }

  found(partition: number, incarnation: Incarnation): Promise<Head> {
    if (partition === CONTROL_PARTITION) {
      return this.#onControl((model, moment) => model.found('control', { ...moment, incarnation }));
    }
    return this.#onData((model, moment) => model.found(partition, { ...moment, incarnation }));
  }

  /** One pipeline a shard, each after a plain write: a shard that refuses it voids the answer. */
  async heads(partitions: readonly number[]): Promise<readonly (Head | undefined)[]> {
    const data = partitions.filter((partition) => partition !== CONTROL_PARTITION);
    const [control, heads] = await Promise.all([
      this.#call(this.#servers.control, (model) => model.head('control'), true),
      this.#call(this.#servers.data, (model) => data.map((partition) => model.head(partition)), true),
    ]);
    return partitions.map((partition) => (partition === CONTROL_PARTITION ? control : heads[data.indexOf(partition)]));
  }

  log(partition: number, sequence: number, limit: number): Promise<readonly LogRecord[]> {
    if (partition === CONTROL_PARTITION) return this.#onControl((model) => model.log('control', sequence, limit));
    return this.#onData((model) => model.log(partition, sequence, limit));
  }

  control(): Promise<ControlState | undefined> {
    return this.#onControl((model) => model.control());
  }

  settle(settings: ClusterSettings): Promise<ClusterSettings> {
    return this.#onControl((model) => model.settle(settings));
  }

  beat(node: NodeId, nonce: string): Promise<void> {
    return this.#onControl((model) => model.beat(node, nonce));
  }

  members(): Promise<Members> {
    return this.#onControl((model) => model.members());
  }

  forget(node: NodeId, nonce: string): Promise<void> {
    return this.#onControl((model) => model.forget(node, nonce));
  }

  count(namespace: string): Promise<number> {
    return this.#onData((model, moment) => model.count(namespace, moment.nowUs));
  }

  async inspect(subjects: readonly InspectSubject[]): Promise<readonly Inspected[]> {
    const [control, entries] = await Promise.all([
      this.#onControl((model) => model.control()),
      this.#onData((model, moment) =>
        subjects.map((subject) => model.read({ ...subject, namespace: '' }, {}, moment).entry),
      ),
    ]);
    const epochsOf = (scopes: readonly ScopeId[]): readonly number[] => {
      return (control?.epochs ?? []).flatMap(({ scopeId, sequence }) => (scopes.includes(scopeId) ? [sequence] : []));
    };
    return subjects.map(({ scopes }, at) => {
      const bytes = entries[at]?.bytes;
      return {
        header: bytes && decodeEntryHeader(bytes),
        controlIncarnation: control?.head.incarnation,
        epoch: Math.max(0, ...epochsOf(scopes)),
      };
    });
  }

  scan(of: Pick<KeyAddress, 'partition' | 'namespace'>, cursor: string, count: number): Promise<ScanPage> {
    return this.#onData((model) => model.scan(of, cursor, count));
  }

  reclaim(address: KeyAddress, version: string): Promise<boolean> {
    return this.#onData((model) => model.reclaim(address, version));
  }

  async info(): Promise<TierInfo> {
    return { version: 'simulated', usedMemoryBytes: 0, keys: 0, evictionPolicy: 'noeviction', evictsMetadata: false };
  }

  uptimeMs(partition: number): number {
    const server = partition === CONTROL_PARTITION ? this.#servers.control : this.#servers.data;
    const upSinceMs = Math.max(this.#link.upSinceMs, server.upSinceMs(this.#machine.number));
    return this.#link.isCut || this.#link.isRefused || server.isDown ? 0 : this.#world.nowMs - upSinceMs;
  }

  async close(): Promise<void> {}

  #onData<R>(step: Step<R>): Promise<R> {
    return this.#call(this.#servers.data, step, false);
  }

  #onControl<R>(step: Step<R>): Promise<R> {
    return this.#call(this.#servers.control, step, false);
  }

  #call<R>(server: TierServer, step: Step<R>, plainWrite: boolean): Promise<R> {
    return this.#send((answer) => answer(server.run(this.#machine.number, step, plainWrite)));
  }

  #send<R>(execute: Execute<R>): Promise<R> {
    return new Promise((resolve, reject) => {
      // What a test asks of a machine that does not run is asked once it runs again.
      this.#machine.deliver(() => this.#ask(execute, { resolve, reject }));
    });
  }

  #ask<R>(execute: Execute<R>, { resolve, reject }: Pick<PromiseWithResolvers<R>, 'resolve' | 'reject'>): void {
    const link = this.#link;
    const random = this.#random;
    if (link.isRefused) return reject(new TierUnavailableError('no connection to the tier'));
    const giveUp = (): void => reject(new TierUnavailableError('no answer'));
    const answered = this.#machine.after(COMMAND_TIMEOUT_MS, giveUp);
    if (link.isCut || random.chance(link.lost)) return;
    const wayMs = random.chance(link.late)
      ? random.between(COMMAND_TIMEOUT_MS, 3_000)
      : random.between(...link.latencyMs);
    const answer = (reply: R | Refusal): void => {
      if (reply === 'down' || link.isCut || random.chance(link.unanswered)) return;
      this.#world.after(random.between(...link.answerMs), () =>
        this.#machine.deliver(() => {
          answered();
          if (reply === 'refused') reject(new CacheError('tier-refused', 'NOREPLICAS'));
          else resolve(reply);
        }),
      );
    };
    this.#world.after(wayMs, () => execute(answer));
  }
}

/** One entry as it is now, with the rest of its life as the clock said it earlier. */
function readEntry(
  model: TierModel,
  { address, now, readAt }: { readonly address: KeyAddress; readonly now: Moment; readonly readAt: Moment },
): TierRead {
  const read = model.read(address, {}, now);
  const remainingMs = (entryEndMs(read.entry?.bytes ?? new Uint8Array()) ?? 0) - Math.floor(readAt.nowUs / 1_000);
  return { ...read, entry: read.entry && { ...read.entry, remainingMs } };
}
