/** One rule of the protocol, taken out of the code: the checkers must notice. */
export interface Canary {
  /** The rule that is broken, in the protocol page's words. */
  readonly rule: string;
  /** The source file, from the repository's root. */
  readonly file: string;
  /** What stands there once, and what takes its place. */
  readonly find: string;
  readonly replace: string;
  /** The schedules in which it shows, where the usual ones do not have it. */
  readonly args?: readonly string[];
}

const CACHE = 'packages/cache/src';
const CORE = 'packages/core/src';
const MODEL = 'packages/simulator/src';

export const CANARIES: Readonly<Record<string, Canary>> = {
  'poison-on-apply': {
    rule: 'applying an event poisons the flights it covers',
    file: `${CACHE}/apply.ts`,
    find: 'node.flights.poisonKey(effect.keyId, spared);',
    replace: '',
  },
  'poison-write-flights': {
    rule: 'a write stores its value near only if it was not poisoned',
    file: `${CACHE}/near-store.ts`,
    find: 'if (flight.poisoned) return;',
    replace: 'if (flight.poisoned && flight.answer !== undefined) return;',
  },
  'join-no-poisoned': {
    rule: 'nobody joins a poisoned flight',
    file: `${CACHE}/read-path.ts`,
    find: '!flight.poisoned && ',
    replace: '',
  },
  'lease-deleted-on-clear': {
    rule: 'a clear deletes the fill lease',
    file: `${MODEL}/tier-model.ts`,
    find: "    partition.leases.delete(address.keyId);\n    return commitEvent(partition, { kind: 'clear'",
    replace: "    return commitEvent(partition, { kind: 'clear'",
  },
  'fresh-tokens': {
    rule: 'every attempt has a lease token of its own',
    file: `${CACHE}/tier-reader.ts`,
    find: 'token: node.random.hex(TOKEN_BYTES)',
    replace: 'token: node.id',
  },
  'born-at-start': {
    rule: 'a value is born when its load begins',
    file: `${CACHE}/load-path.ts`,
    find: 'return { value, payload, tags, born, startedMs',
    replace: 'return { value, payload, tags, born: node.born(), startedMs',
  },
  'born-with-incarnation': {
    rule: 'an entry born in another control incarnation is not live',
    file: `${CORE}/epochs.ts`,
    find: 'born.incarnation !== this.#incarnation || ',
    replace: '',
  },
  'gap-events-take-effect': {
    rule: 'an event across a gap takes effect at once',
    file: `${CACHE}/apply.ts`,
    find: '  const { effect } = event;\n',
    replace: `  const { effect } = event;
  const applied = node.history(event.partition)?.applied;
  if (applied !== undefined && event.previous > applied.sequence) return node.history(event.partition)!.note(event);\n`,
  },
  'predecessor-links': {
    rule: 'an event moves applied only when it names our head as its predecessor',
    file: `${CORE}/history.ts`,
    find: 'if (event.previous !== applied.sequence) {',
    replace: 'if (event.previous < 0) {',
  },
  'queued-clears-first': {
    rule: 'clears that wait for the tier are committed before a value is read there again',
    file: `${CACHE}/tier-reader.ts`,
    find: "    if (!(await queuedClears.settled(flight.partition))) return { kind: 'unreachable' };\n",
    replace: '',
  },
  'honest-degradation': {
    rule: 'an answer that a node cannot vouch for is marked degraded',
    file: `${CACHE}/load-path.ts`,
    find: '    const degraded = !node.isFresh(flight.partition);\n    if (degraded)',
    replace: '    const degraded = false;\n    if (degraded)',
  },
  'hybrid-sequences': {
    rule: 'a sequence is not below the time of the tier',
    file: `${MODEL}/tier-partition.ts`,
    find: 'Math.max(previous + 1, moment.nowUs)',
    replace: 'previous + 1',
  },
  'replicas-have-it': {
    rule: 'a write is said to be on a replica only when that has acknowledged it',
    file: `${CACHE}/durability.ts`,
    find: 'acknowledged: await this.#node.tier.replicated(partition, commit, wanted)',
    replace: 'acknowledged: wanted.replicas',
    args: ['--durable', '--faults', 'failover,bus loses'],
  },
  'scope-generation': {
    rule: 'an entry judged under an older epoch table is judged again',
    file: `${CACHE}/read-path.ts`,
    find: 'return entry.checkedGeneration === this.#epochs.generation ? entry : this.#checked(entry);',
    replace: 'return entry.checkedGeneration >= 0 ? entry : this.#checked(entry);',
  },
};
