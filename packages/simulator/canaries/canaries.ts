/** A change of one source file: what stands there once, and what takes its place. */
interface Edit {
  /** From the repository's root. */
  readonly file: string;
  readonly find: string;
  readonly replace: string;
}

/** One rule of the protocol, taken out of the code: the checkers must notice. */
export interface Canary {
  /** The rule that is broken, in the protocol page's words. */
  readonly rule: string;
  readonly edits: readonly Edit[];
  /** The schedule that shows it, default: random ones do; and what the checkers say then, default: anything. */
  readonly shownBy?: { readonly schedule?: string; readonly as: string };
  /** What random schedules are to have, where the usual ones do not have it. */
  readonly args?: readonly string[];
}

const CACHE = 'packages/cache/src';
const CORE = 'packages/core/src';
const WORLD = 'packages/testing/src/world';

export const CANARIES: Readonly<Record<string, Canary>> = {
  'poison-on-apply': {
    rule: 'applying an event poisons the flights it covers',
    edits: [{ file: `${CACHE}/apply.ts`, find: 'node.flights.poisonKey(effect.keyId, spared);', replace: '' }],
  },
  'poison-write-flights': {
    rule: 'a write stores its value near only if it was not poisoned',
    edits: [
      {
        file: `${CACHE}/near-store.ts`,
        find: 'if (flight.poisoned) return;',
        replace: 'if (flight.poisoned && flight.answer !== undefined) return;',
      },
    ],
    shownBy: { schedule: 'overtaken-write', as: 'the auditor of node 0 counted' },
  },
  'poison-unknown-scopes': {
    rule: 'a flight whose scopes are not known yet is covered by every scope event',
    edits: [
      { file: `${CORE}/flights.ts`, find: 'scopes === undefined || scopes.includes', replace: 'scopes?.includes' },
    ],
  },
  'join-no-poisoned': {
    rule: 'nobody joins a poisoned flight',
    edits: [{ file: `${CACHE}/read-path.ts`, find: '!flight.poisoned && ', replace: '' }],
  },
  'joined-behind-is-marked': {
    rule: 'a caller who joins a flight while staleness > Δ gets an answer marked degraded',
    edits: [
      {
        file: `${CACHE}/read-path.ts`,
        find: 'return behind ? { ...answer, degraded: true } : answer;',
        replace: 'return answer;',
      },
    ],
    shownBy: { schedule: 'join-while-behind', as: 'P1' },
  },
  'horizon-at-start': {
    rule: 'a horizon is the instant at which its heartbeat was sent',
    edits: [
      { file: `${CACHE}/heartbeat.ts`, find: 'raiseControl(sentMs)', replace: 'raiseControl(node.clock.nowMs())' },
      {
        file: `${CACHE}/heartbeat.ts`,
        find: 'raise(partition, sentMs)',
        replace: 'raise(partition, node.clock.nowMs())',
      },
    ],
    shownBy: { schedule: 'slow-heartbeat', as: 'P1' },
  },
  'plain-write-first': {
    rule: 'heads are read after a plain write, which an isolated primary refuses',
    edits: [
      { file: `${WORLD}/sim-tier.ts`, find: "model.head('control'), true)", replace: "model.head('control'), false)" },
      {
        file: `${WORLD}/sim-tier.ts`,
        find: 'model.head(partition)), true)',
        replace: 'model.head(partition)), false)',
      },
    ],
    shownBy: { schedule: 'isolated-primary', as: 'P1' },
  },
  'fresh-for-tier-hits': {
    rule: 'only a node whose staleness is at most Δ may call a tier entry live',
    edits: [
      {
        file: `${CACHE}/read-path.ts`,
        find: 'const isBehind = !isWoken && !node.isFresh(flight.partition) && breaker.closed;',
        replace: 'const isBehind = breaker === undefined;',
      },
      {
        file: `${CACHE}/tier-reader.ts`,
        find: 'if (!breaker.closed || !node.isFresh(partition))',
        replace: 'if (!breaker.closed)',
      },
      {
        file: `${CACHE}/tier-reader.ts`,
        find: 'return node.isFresh(flight.partition) ? head : undefined;',
        replace: 'return head;',
      },
    ],
    shownBy: { schedule: 'wakes-behind', as: 'P1' },
  },
  'nothing-newer-near': {
    rule: 'nothing newer than what is applied is stored near',
    edits: [
      {
        file: `${CACHE}/near-store.ts`,
        find: 'if (written.sequence <= applied.sequence) this.#set(flight, near);',
        replace: 'this.#set(flight, near);',
      },
    ],
    shownBy: { schedule: 'newer-than-applied', as: 'nodes answer' },
  },
  'control-adopted-whole': {
    rule: 'control state is adopted whole or not at all',
    edits: [
      {
        file: `${CACHE}/heartbeat.ts`,
        find: 'return this.#resetControl(history);',
        replace: 'return this.#resetControl(history).catch(() => history.adopt(head));',
      },
    ],
    shownBy: { schedule: 'control-unread', as: 'P1' },
  },
  'members-after-commit': {
    rule: 'a fence reads the members after its commit',
    edits: [
      {
        file: `${CACHE}/fenced-clear.ts`,
        find: '= await tier.members();',
        replace: '= await (this.membersOnce ??= tier.members());',
      },
    ],
    shownBy: { schedule: 'joins-before-a-fence', as: 'P3' },
  },
  'members-incarnation': {
    rule: 'acknowledgements suffice only under the incarnation that the members were read under',
    edits: [
      {
        file: `${CACHE}/fenced-clear.ts`,
        find: 'isReliable: isSettled && incarnation === control.applied?.incarnation',
        replace: 'isReliable: isSettled',
      },
    ],
    shownBy: { schedule: 'fence-after-flush', as: 'P3' },
  },
  'connection-age': {
    rule: 'acknowledgements suffice only over a connection to control that is older than every right to serve',
    edits: [{ file: `${CACHE}/fenced-clear.ts`, find: 'tier.uptimeMs(CONTROL_PARTITION), ', replace: '' }],
    shownBy: { schedule: 'fence-after-failover', as: 'P3' },
  },
  'connection-age-of-the-event': {
    rule: "acknowledgements suffice only over a connection to the event's server that is older than every right to serve",
    edits: [{ file: `${CACHE}/fenced-clear.ts`, find: ', tier.uptimeMs(partition)', replace: '' }],
    shownBy: { schedule: 'fence-beside-an-isolated-primary', as: 'P3' },
  },
  'monotonic-waits': {
    rule: "waits on which others' rights depend use pure monotonic time",
    edits: [
      { file: `${CACHE}/fenced-clear.ts`, find: 'clock.monotonicMs() + waitMs;', replace: 'clock.nowMs() + waitMs;' },
      { file: `${CACHE}/fenced-clear.ts`, find: 'clock.monotonicMs() < untilMs', replace: 'clock.nowMs() < untilMs' },
    ],
    shownBy: { schedule: 'clock-jumps-in-a-fence', as: 'P3' },
  },
  'clear-is-an-event': {
    rule: 'a clear is always an event, also where nothing was',
    edits: [
      {
        file: `${WORLD}/tier-model.ts`,
        find: '    partition.entries.delete(address.keyId);\n    indexOf',
        replace: `    if (!partition.entries.delete(address.keyId)) {
      const head = ensureHead(partition, moment);
      return { ...head, previous: head.sequence };
    }
    indexOf`,
      },
    ],
    shownBy: { schedule: 'clear-of-what-was-evicted', as: 'P1' },
  },
  'isolated-fill-failed': {
    rule: 'a silent fill whose head is behind what this node had seen counts as failed',
    edits: [
      {
        file: `${CACHE}/load-path.ts`,
        find: 'if (isBehind(written, seenWhenSent)) {',
        replace: 'if (written === undefined) {',
      },
    ],
    shownBy: { schedule: 'fill-of-an-isolated-primary', as: 'the auditor of node 0 counted' },
  },
  'lease-deleted-on-clear': {
    rule: 'a clear deletes the fill lease',
    edits: [
      {
        file: `${WORLD}/tier-model.ts`,
        find: "    partition.leases.delete(address.keyId);\n    return commitEvent(partition, { kind: 'clear'",
        replace: "    return commitEvent(partition, { kind: 'clear'",
      },
    ],
  },
  'fresh-tokens': {
    rule: 'every attempt has a lease token of its own',
    edits: [
      { file: `${CACHE}/tier-reader.ts`, find: 'token: node.random.hex(TOKEN_BYTES)', replace: 'token: node.id' },
    ],
  },
  'born-at-start': {
    rule: 'a value is born when its load begins',
    edits: [
      {
        file: `${CACHE}/origin.ts`,
        find: 'what }), tags, born, startedMs };',
        replace: 'what }), tags, born: node.born(), startedMs };',
      },
    ],
  },
  'born-with-incarnation': {
    rule: 'an entry born in another control incarnation is not live',
    edits: [{ file: `${CORE}/epochs.ts`, find: 'born.incarnation !== this.#incarnation || ', replace: '' }],
  },
  'gap-events-take-effect': {
    rule: 'an event across a gap takes effect at once',
    edits: [
      {
        file: `${CACHE}/apply.ts`,
        find: '  const { effect } = event;\n',
        replace: `  const { effect } = event;
  const applied = node.history(event.partition)?.applied;
  if (applied !== undefined && event.previous > applied.sequence) return node.history(event.partition)!.note(event);\n`,
      },
    ],
  },
  'predecessor-links': {
    rule: 'an event moves applied only when it names our head as its predecessor',
    edits: [
      {
        file: `${CORE}/history.ts`,
        find: 'if (event.previous !== applied.sequence) {',
        replace: 'if (event.previous < 0) {',
      },
    ],
  },
  'answers-in-time': {
    rule: 'what the tier answers to a lookup that does without it by then is not kept',
    edits: [{ file: `${CACHE}/tier-reader.ts`, find: 'if (flight.doesWithoutTier) return undefined;', replace: '' }],
    shownBy: { schedule: 'late-answer', as: 'the auditor of node 1 counted' },
  },
  'queued-clears-first': {
    rule: 'clears that wait for the tier are committed before a value is read there again',
    edits: [
      {
        file: `${CACHE}/tier-reader.ts`,
        find: "    if (queuedClears.concerns(partition) && !(await queuedClears.replay())) return { kind: 'unreachable' };\n",
        replace: '',
      },
    ],
  },
  'honest-degradation': {
    rule: 'an answer that a node cannot vouch for is marked degraded',
    edits: [
      {
        file: `${CACHE}/load-path.ts`,
        find: '    const degraded = !node.isFresh(flight.partition);\n    if (degraded)',
        replace: '    const degraded = false;\n    if (degraded)',
      },
    ],
  },
  'hybrid-sequences': {
    rule: 'a sequence is not below the time of the tier',
    edits: [
      {
        file: `${WORLD}/tier-partition.ts`,
        find: 'Math.max(previous + 1, moment.nowUs)',
        replace: 'previous + 1',
      },
    ],
  },
  'replicas-have-it': {
    rule: 'a write is said to be on a replica only when that has acknowledged it',
    edits: [
      {
        file: `${CACHE}/durability.ts`,
        find: 'acknowledged: await this.#node.tier.replicated(partition, commit, wanted)',
        replace: 'acknowledged: wanted.replicas',
      },
    ],
    args: ['--durable', '--faults', 'failover,bus loses'],
  },
  'scope-generation': {
    rule: 'an entry judged under an older epoch table is judged again',
    edits: [
      {
        file: `${CACHE}/read-path.ts`,
        find: 'return entry.checkedGeneration === this.#epochs.generation ? entry : this.#checked(entry);',
        replace: 'return entry.checkedGeneration >= 0 ? entry : this.#checked(entry);',
      },
    ],
  },
  'versions-are-compared': {
    rule: 'a write by version is refused where the tier has another one',
    edits: [
      {
        file: `${WORLD}/tier-model.ts`,
        find: "return current === version ? undefined : { outcome: 'differs', version: current };",
        replace: 'return undefined;',
      },
    ],
    shownBy: { as: 'lost update' },
  },
  'expires-of-scopes': {
    rule: 'what was born before an expire of one of its scopes is not fresh',
    edits: [
      {
        file: `${CORE}/epochs.ts`,
        find: "return this.#hasEnded('expire-scope', born, [namespace, tags]);",
        replace: 'return false;',
      },
    ],
  },
  'hints-end-what-they-name': {
    rule: 'a clear of a scope that waits for the tier is in effect on its node at once',
    edits: [{ file: `${CACHE}/apply.ts`, find: 'else node.near.dropScope(effect.scopeId);', replace: '' }],
    shownBy: { as: 'P2' },
  },
  'lease-deleted-on-put': {
    rule: 'a put deletes the fill lease',
    edits: [
      {
        file: `${WORLD}/tier-model.ts`,
        find: '    store(partition, write, { version: String(commit.sequence), nowMs: wholeMs(moment) });\n    partition.leases.delete(write.keyId);',
        replace: '    store(partition, write, { version: String(commit.sequence), nowMs: wholeMs(moment) });',
      },
    ],
    shownBy: { as: 'P4' },
  },
  'lease-deleted-on-expire': {
    rule: 'an expire deletes the fill lease',
    edits: [
      {
        file: `${WORLD}/tier-model.ts`,
        find: "    partition.leases.delete(address.keyId);\n    return commitEvent(partition, { kind: 'expire'",
        replace: "    return commitEvent(partition, { kind: 'expire'",
      },
    ],
  },
  'ids-of-keys': {
    rule: 'a keyId stands for a namespace and a key',
    edits: [{ file: `${CORE}/keys.ts`, find: "this.#id('key', ", replace: "this.#id('key', namespace || " }],
    shownBy: { as: 'values' },
  },
  'one-lease': {
    rule: 'a fill lease is held by one loader for one key',
    edits: [
      {
        file: `${WORLD}/tier-partition.ts`,
        find: 'if (held !== undefined && held.deadlineMs > nowMs) {',
        replace: 'if (held !== undefined && held.deadlineMs > nowMs && held.token === asked.token) {',
      },
    ],
    shownBy: { as: 'P5' },
  },
  'waits-for-the-load': {
    rule: 'who finds the lease held waits for the load of its holder',
    edits: [
      { file: `${CACHE}/read-path.ts`, find: 'const LEASES_WAITED_MAX = 2;', replace: 'const LEASES_WAITED_MAX = 0;' },
    ],
    shownBy: { as: 'P5' },
  },
  'replay-what-was-missed': {
    rule: 'a node that is behind replays what it has missed, and drops only that',
    edits: [
      {
        file: `${CACHE}/heartbeat.ts`,
        find: "if (verdict === 'ahead') await this.#replay(",
        replace: "if (verdict === 'ahead') await this.#reset(",
      },
    ],
    shownBy: { as: 'P6' },
  },
  'reset-drops-near': {
    rule: 'a reset drops what the lost history vouched for',
    edits: [{ file: `${CACHE}/heartbeat.ts`, find: 'node.near.dropPartition(partition);', replace: '' }],
    shownBy: { as: 'P7' },
  },
  'head-behind-seen': {
    rule: 'a head that is behind what was seen when its request was sent is another history',
    edits: [{ file: `${CORE}/history.ts`, find: "if (isBehind(head, seenWhenSent)) return 'reset';", replace: '' }],
    shownBy: { schedule: 'lost-write', as: 'P7' },
  },
};
