import type { KeyId, ScopeId } from './keys.ts';
import { EVERYTHING } from './keys.ts';

/** Whether a flight still speaks for its key: once `poisoned`, it is stored nowhere and nobody joins it. */
export interface FlightState {
  readonly keyId: KeyId;
  readonly partition: number;
  /** The scopes the flight's value belongs to, its namespace's included; undefined while they are not known. */
  scopes: readonly ScopeId[] | undefined;
  poisoned: boolean;
}

/**
 * The reads, loads and writes in progress on a node, each of which an event may overtake.
 *
 * An event for a key, a scope or a partition poisons every flight it covers, but the writer's own (`spared`).
 * A flight whose scopes are not known yet is covered by every scope event.
 */
export class Flights<F extends FlightState> {
  readonly #byKey: Map<KeyId, Set<F>> = new Map();
  #size = 0;

  get size(): number {
    return this.#size;
  }

  add(flight: F): void {
    const flights = this.#byKey.get(flight.keyId);
    if (flights === undefined) this.#byKey.set(flight.keyId, new Set([flight]));
    else flights.add(flight);
    this.#size++;
  }

  remove(flight: F): void {
    const flights = this.#byKey.get(flight.keyId);
    if (!flights?.delete(flight)) return;
    this.#size--;
    if (flights.size === 0) this.#byKey.delete(flight.keyId);
  }

  /** The flights of a key, oldest first. */
  of(keyId: KeyId): Iterable<F> {
    return this.#byKey.get(keyId) ?? [];
  }

  /** Every flight. */
  all(): F[] {
    return [...this.#byKey.values()].flatMap((flights) => [...flights]);
  }

  poisonKey(keyId: KeyId, spared?: F): void {
    for (const flight of this.of(keyId)) if (flight !== spared) flight.poisoned = true;
  }

  poisonScope(scopeId: ScopeId): void {
    const coversAll = scopeId === EVERYTHING;
    this.#poisonWhere(({ scopes }) => coversAll || scopes === undefined || scopes.includes(scopeId));
  }

  poisonPartition(partition: number): void {
    this.#poisonWhere((flight) => flight.partition === partition);
  }

  poisonAll(): void {
    this.#poisonWhere(() => true);
  }

  #poisonWhere(covers: (flight: F) => boolean): void {
    for (const flights of this.#byKey.values()) {
      for (const flight of flights) if (covers(flight)) flight.poisoned = true;
    }
  }
}
