import type { Canary } from './canary.ts';
import { CACHE, CORE, WORLD } from './canary.ts';

/** Rules of loads under way, of how stale a node may be, and of fences. */
export const FLIGHTS_AND_FENCES: Readonly<Record<string, Canary>> = {
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
        file: `${CACHE}/flight-path.ts`,
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
};
