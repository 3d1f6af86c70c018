import type { ServerDefinition, UpstreamConfig } from '@lockstep/config';
import type { CallToolResult } from '@modelcontextprotocol/client';
import type { BulkheadPolicy, CircuitBreakerPolicy } from 'cockatiel';
import {
  bulkhead,
  ConsecutiveBreaker,
  circuitBreaker,
  ExponentialBackoff,
  handleWhen,
  TimeoutStrategy,
  timeout,
} from 'cockatiel';
import type { Logger } from 'pino';
import type { TokenSource } from '../oauth/authorized-fetch.ts';
import type { ListedTools, ToolCall } from './connection.ts';
import { Connection } from './connection.ts';
import { RestartBackoff } from './restart-backoff.ts';
import { isConnectionLost, timedOut, translateError, wasNotProcessed } from './translate-error.ts';
import type { UpstreamErrorCode } from './upstream-error.ts';
import { UpstreamError } from './upstream-error.ts';

/** How many requests may wait, for each that may run. */
const WAITING_PER_RUNNING = 8;
/** Failures in a row after which a server is left alone, and for how long: ever longer while it goes on failing. */
const FAILURES_MAX = 3;
const LEFT_ALONE_MS = { initialDelay: 1_000, maxDelay: 30_000 };
const FAILURES: ReadonlySet<UpstreamErrorCode> = new Set(['unreachable', 'timed-out', 'unusable']);
/** How often a list is read again because it changed while it was read. */
const READINGS_MAX = 3;
/** A server that changes many tools says so many times: it is heard a moment after the first, and once a second. */
const CHANGES_SETTLE_MS = 100;
const CHANGES_HEARD_EVERY_MS = 1_000;

/** A timeout answers at once; what it bounded hears of it, but not of an end in time. */
const AT_ONCE = { strategy: TimeoutStrategy.Aggressive, abortOnReturn: false };

/** What an upstream server needs besides its definition. */
export interface UpstreamServerOptions {
  readonly limits: UpstreamConfig;
  readonly logger: Logger;
  readonly tokens: TokenSource | undefined;
  /** Called when the server says, outside a discovery, that its tools have changed. */
  readonly onToolsChanged: (server: UpstreamServer) => void;
}

/** What is done on a connection, and whether it may be done again on another. */
interface ConnectionWork<R> {
  readonly connect: () => Promise<Connection>;
  readonly run: (connection: Connection, until: AbortSignal) => Promise<R>;
  readonly mayRepeat: (error: UpstreamError) => boolean;
  /** Whether a server that does not answer this is to be started or reached anew. */
  readonly endsOnTimeout: boolean;
}

/**
 * One MCP server as one gateway uses it: connected when first needed, and again when the connection was lost; bounded
 * in time and in requests at once; left alone for a while when it fails repeatedly.
 */
export class UpstreamServer {
  readonly definition: ServerDefinition;
  readonly #options: UpstreamServerOptions;
  readonly #closing: AbortController = new AbortController();
  readonly #slots: BulkheadPolicy;
  readonly #breaker: CircuitBreakerPolicy;
  readonly #backoff: RestartBackoff = new RestartBackoff();
  readonly #ending: Set<Promise<void>> = new Set();
  #connection: Connection | undefined;
  #opening: Promise<Connection> | undefined;
  #changesTimer: NodeJS.Timeout | undefined;
  #changesHeardMs = Number.NEGATIVE_INFINITY;
  #listing = 0;
  #running = 0;

  constructor(definition: ServerDefinition, options: UpstreamServerOptions) {
    const isFailure = (error: unknown): boolean => error instanceof UpstreamError && FAILURES.has(error.code);
    const running = options.limits.serverConcurrencyMax;
    this.definition = definition;
    this.#options = options;
    this.#slots = bulkhead(running, running * WAITING_PER_RUNNING);
    this.#breaker = circuitBreaker(handleWhen(isFailure), {
      breaker: new ConsecutiveBreaker(FAILURES_MAX),
      halfOpenAfter: new ExponentialBackoff(LEFT_ALONE_MS),
    });
  }

  /** Whether nothing is under way. */
  get idle(): boolean {
    return this.#running === 0;
  }

  /** How many requests are under way or wait for their turn. */
  get running(): number {
    return this.#running;
  }

  /** Whether there is a connection, or one is being made. */
  get connected(): boolean {
    return this.#connection !== undefined || this.#opening !== undefined;
  }

  /** The whole tool list, as the server has it now. Rejects with `UpstreamError`. */
  async listTools(signal: AbortSignal): Promise<ListedTools> {
    const { discoveryTimeoutMs } = this.#options.limits;
    const read = (connection: Connection, until: AbortSignal) => readTools(connection, discoveryTimeoutMs, until);
    this.#listing++;
    try {
      return await this.#bounded(signal, discoveryTimeoutMs, (until) =>
        this.#breaker.execute(() =>
          this.#onConnection(until, {
            connect: () => this.#connect(),
            run: read,
            mayRepeat: isConnectionLost,
            endsOnTimeout: true,
          }),
        ),
      );
    } finally {
      this.#listing--;
    }
  }

  /** Calls a tool. A tool that fails is an answer; rejects with `UpstreamError` when there is none. */
  async callTool(call: ToolCall, signal: AbortSignal): Promise<CallToolResult> {
    const { toolCallTimeoutMs } = this.#options.limits;
    const run = async (connection: Connection, until: AbortSignal) => {
      const answer = await connection.callTool(call, toolCallTimeoutMs, until);
      this.#backoff.worked();
      return answer;
    };
    const connect = async () => this.#connection ?? this.#breaker.execute(() => this.#connect());
    return this.#bounded(signal, toolCallTimeoutMs, (until) =>
      this.#onConnection(until, { connect, run, mayRepeat: wasNotProcessed, endsOnTimeout: false }),
    );
  }

  /** Ends everything, requests under way included. Bounded in time; never rejects. */
  async close(): Promise<void> {
    this.#closing.abort();
    clearTimeout(this.#changesTimer);
    if (this.#connection !== undefined) this.#abandon(this.#connection);
    await this.#opening?.catch(() => undefined);
    // What ends may leave something else to end: a handshake that was broken off leaves a process.
    while (this.#ending.size > 0) await Promise.all(this.#ending);
  }

  /** Takes a slot, bounds the time, and translates what goes wrong. */
  async #bounded<R>(signal: AbortSignal, timeoutMs: number, run: (until: AbortSignal) => Promise<R>): Promise<R> {
    const left = AbortSignal.any([signal, this.#closing.signal]);
    this.#running++;
    try {
      left.throwIfAborted();
      const inTime = timeout(timeoutMs, AT_ONCE);
      return await this.#slots.execute(() => inTime.execute((context) => run(context.signal), left), left);
    } catch (cause) {
      throw left.aborted ? this.#leftError(cause) : translateError(this.definition.name, cause);
    } finally {
      this.#running--;
    }
  }

  /** Runs on the connection; once more, on a new one, where an old one turns out to be lost and `mayRepeat` agrees. */
  async #onConnection<R>(until: AbortSignal, work: ConnectionWork<R>): Promise<R> {
    const reused = this.#connection !== undefined;
    const connection = await work.connect();
    try {
      return await work.run(connection, until);
    } catch (cause) {
      const error = until.aborted ? timedOut(this.definition.name, cause) : translateError(this.definition.name, cause);
      const isLost = error.code !== 'timed-out' && isConnectionLost(error);
      if (isLost) this.#lost(connection);
      if (isLost || (error.code === 'timed-out' && work.endsOnTimeout)) this.#abandon(connection);
      if (!reused || !work.mayRepeat(error)) throw error;
    }
    return work.run(await work.connect(), until);
  }

  #leftError(cause: unknown): UpstreamError {
    return this.#closing.signal.aborted
      ? new UpstreamError('closed', 'this node is closing', { cause })
      : new UpstreamError('abandoned', 'nobody waits for the answer any more', { cause });
  }

  async #connect(): Promise<Connection> {
    if (this.#connection !== undefined) return this.#connection;
    if (this.#backoff.isWaiting(performance.now())) {
      throw new UpstreamError('unavailable', `${this.definition.name} keeps ending: it is left alone for a moment`);
    }
    this.#opening ??= this.#open().finally(() => {
      this.#opening = undefined;
    });
    return this.#opening;
  }

  async #open(): Promise<Connection> {
    const { logger, limits } = this.#options;
    const server = this.definition.name;
    const inTime = timeout(limits.connectTimeoutMs, AT_ONCE);
    try {
      this.#connection = await inTime.execute(({ signal }) => this.#handshake(signal), this.#closing.signal);
    } catch (cause) {
      const error = translateError(server, cause);
      const { message: reason, processOutput } = error;
      if (!this.#closing.signal.aborted) logger.warn({ server, reason, processOutput }, 'an MCP server cannot be used');
      throw error;
    }
    this.#backoff.opened(performance.now());
    logger.info({ server, kind: this.definition.connection.kind }, 'connected to an MCP server');
    return this.#connection;
  }

  /** Opens a connection; one that comes too late is closed again. */
  #handshake(signal: AbortSignal): Promise<Connection> {
    const handshake = Connection.open(this.definition, {
      timeoutMs: this.#options.limits.connectTimeoutMs,
      responseBytesMax: this.#options.limits.responseBytesMax,
      signal,
      tokens: this.#options.tokens,
      onToolsChanged: () => this.#toolsChanged(),
      onClosed: (closed) => this.#lost(closed),
      onAbandoned: (ended) => this.#outlive(ended),
    });
    this.#outlive(
      handshake.then(
        (late) => (signal.aborted ? late.close() : undefined),
        () => undefined,
      ),
    );
    return handshake;
  }

  #toolsChanged(): void {
    if (this.#listing > 0 || this.#changesTimer !== undefined || this.#closing.signal.aborted) return;
    const delayMs = Math.max(CHANGES_SETTLE_MS, this.#changesHeardMs + CHANGES_HEARD_EVERY_MS - performance.now());
    this.#changesTimer = setTimeout(() => {
      this.#changesTimer = undefined;
      this.#changesHeardMs = performance.now();
      this.#options.onToolsChanged(this);
    }, delayMs).unref();
  }

  #abandon(connection: Connection): void {
    this.#forget(connection);
    this.#outlive(connection.close());
  }

  /** The server has ended a connection, or its process has ended; counted once. */
  #lost(connection: Connection): void {
    if (this.#connection !== connection) return;
    this.#forget(connection);
    const pauseMs = this.#backoff.lost(performance.now());
    if (pauseMs === 0) return;
    const server = this.definition.name;
    this.#options.logger.warn({ server, pauseMs }, 'an MCP server keeps ending: it is left alone for a while');
  }

  #forget(connection: Connection): void {
    if (this.#connection === connection) this.#connection = undefined;
  }

  #outlive(ended: Promise<void>): void {
    this.#ending.add(ended);
    void ended.finally(() => this.#ending.delete(ended));
  }
}

/** Reads the list, again where it changed under the reading. */
async function readTools(connection: Connection, timeoutMs: number, signal: AbortSignal): Promise<ListedTools> {
  for (let reading = 1; ; reading++) {
    const changes = connection.toolChanges;
    const listed = await connection.listTools(timeoutMs, signal);
    if (connection.toolChanges === changes || reading === READINGS_MAX) return listed;
  }
}
