import { setTimeout as delay } from 'node:timers/promises';
import type { Lockstep, Namespace } from '@lockstep/cache';
import { CacheError } from '@lockstep/core';
import type { Answer, CallKind } from '@lockstep/simulator';
import { answerOf, invalidate, isOfScope, writeAnswer } from '@lockstep/simulator';
import type { Prng } from '@lockstep/testing/world';
import type { RoundKeys } from './keys.ts';
import { tagOf } from './keys.ts';
import type { Recorder } from './records.ts';

const CLIENTS = 12;
/** How long a client waits between two calls, at most. */
const THINK_MS_MAX = 20;

const KINDS: readonly CallKind[] = [
  ...Array.from({ length: 60 }, () => 'get' as const),
  ...Array.from({ length: 120 }, () => 'load' as const),
  ...(['set', 'set', 'set', 'clear', 'clear', 'clear', 'expire', 'expire', 'degraded-clear'] as const),
  ...(['clear-scope', 'degraded-clear-scope', 'fenced-clear', 'fenced-clear-scope'] as const),
  ...(['expire-scope', 'fenced-expire-scope', 'degraded-expire-scope', 'local-clear', 'local-clear-scope'] as const),
];

/** The node that clients call, and where they write down what they asked and heard. */
export interface ClientScene {
  readonly number: number;
  readonly lockstep: Lockstep;
  readonly tools: Namespace<string>;
  readonly random: Prng;
  /** True time in ms. */
  readonly nowMs: () => number;
}

/** Clients of one node in one round. */
export class Clients {
  readonly #scene: ClientScene;
  readonly #keys: RoundKeys;
  readonly #recorder: Recorder;
  #calls = 0;
  #values = 0;
  #isPaused = false;
  readonly #running: Promise<unknown>;

  constructor(scene: ClientScene, keys: RoundKeys, recorder: Recorder) {
    this.#scene = scene;
    this.#keys = keys;
    this.#recorder = recorder;
    this.#running = Promise.all(Array.from({ length: CLIENTS }, () => this.#callOnAndOn()));
  }

  /** Resolves when the last call was answered. */
  async pause(): Promise<void> {
    this.#isPaused = true;
    await this.#running;
    this.#recorder.close();
  }

  async #callOnAndOn(): Promise<void> {
    const { random } = this.#scene;
    while (!this.#isPaused) {
      await this.#call();
      await delay(random.between(0, THINK_MS_MAX));
    }
  }

  async #call(): Promise<void> {
    const { random, nowMs } = this.#scene;
    const kind = random.pick(KINDS);
    const key = random.pick(random.chance(0.6) ? this.#keys.hot : this.#keys.cold);
    const target = isOfScope(kind) ? random.pick(this.#keys.scopes) : key;
    const id = this.#calls++;
    this.#recorder.write(['call', id, kind, target, nowMs()]);
    const answer = await this.#run(kind, target, id).catch((error: unknown): Answer => {
      if (!(error instanceof CacheError)) throw error;
      return { kind: 'failed', code: error.code };
    });
    this.#recorder.write(['answer', id, nowMs(), answer]);
  }

  async #run(kind: CallKind, target: string, id: number): Promise<Answer> {
    const { lockstep, tools, nowMs } = this.#scene;
    switch (kind) {
      case 'get':
        return answerOf(await tools.lookup(target));
      case 'load':
        return answerOf(await tools.lookup(target, () => this.#load(target), { tags: [tagOf(target)] }));
      case 'set': {
        const value = this.#value(target);
        this.#recorder.write(['value', value, target, nowMs(), id]);
        return writeAnswer(await tools.set(target, value, { tags: [tagOf(target)] }));
      }
      default:
        return invalidate({ lockstep, tools }, kind, isOfScope(kind) ? scopeOf(target) : target);
    }
  }

  /** The origin: has its value at once, and takes its time to answer; sometimes it fails. */
  async #load(key: string): Promise<string> {
    const { random, nowMs } = this.#scene;
    const value = this.#value(key);
    this.#recorder.write(['value', value, key, nowMs()]);
    await delay(random.chance(0.1) ? random.between(100, 1_500) : random.between(1, 40));
    if (random.chance(0.05)) throw new Error('the origin fails');
    return value;
  }

  #value(key: string): string {
    return `${key}#${this.#scene.number}.${this.#values++}`;
  }
}

function scopeOf(target: string): Parameters<Lockstep['clear']>[0] {
  if (target === 'everything') return { everything: true };
  return target === 'namespace' ? { namespace: 'tools' } : { tag: target };
}
