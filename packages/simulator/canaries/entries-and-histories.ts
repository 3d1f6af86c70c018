import type { Canary } from './canary.ts';
import { CACHE, CORE, WORLD } from './canary.ts';

/** Rules of entries and leases in the tier, of epochs, and of histories. */
export const ENTRIES_AND_HISTORIES: Readonly<Record<string, Canary>> = {
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
        find: '    const degraded = !node.isFresh(flight.partition);\n    const { value, absence }',
        replace: '    const degraded = false;\n    const { value, absence }',
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
      {
        file: `${CACHE}/flight-path.ts`,
        find: 'const LEASES_WAITED_MAX = 2;',
        replace: 'const LEASES_WAITED_MAX = 0;',
      },
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
