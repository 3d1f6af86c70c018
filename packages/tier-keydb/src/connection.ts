import { CacheError, OverloadedError, TierUnavailableError } from '@lockstep/core';
import type { BulkheadPolicy } from 'cockatiel';
import { bulkhead, isBulkheadRejectedError } from 'cockatiel';
import { Redis } from 'ioredis';
import { tierError } from './failure.ts';
import type { KeyNames, LuaScript } from './lua-script.ts';
import type { KeydbTierConfig } from './options.ts';
import { SocketConnector } from './socket-connector.ts';

/** Reconnecting waits this long at first, twice as long each time, with jitter. */
const RECONNECT_MS_MIN = 50;
const RECONNECT_MS_MAX = 1_000;
/** A server that owes an answer for this many command timeouts has its connection dropped: it may be half dead. */
const SILENT_TIMEOUTS = 4;
/** A call is waited for at most this many command timeouts, also while the server answers others. */
const WAITS_MAX = 4;
/** How long a closed connection's socket is waited for. */
const DISCONNECT_MS = 200;
/** How long the server is left alone while it loads its data, before it is asked again. */
const LOADING_RETRY_MS = 500;

/** What a command takes. */
export type Argument = string | number | Uint8Array;

/** One command of a pipeline: its name and its arguments. */
export type PipelineCommand = readonly [name: string, ...args: readonly (string | number)[]];

/** One call in progress. */
interface Attempt {
  /** Whether its caller has been answered: nothing may be sent for it any more. */
  isOver: boolean;
}

type Abandon = (error: CacheError) => void;

/**
 * The connection to one server: made in the background, and made again for ever.
 *
 * Every call is sent at most once and rejects in bounded time: at once where there is no connection, with it when it
 * is lost, and when the answer takes too long. What was sent may take effect all the same, also later.
 */
export class Connection {
  readonly config: KeydbTierConfig;
  readonly #client: Redis;
  readonly #pending: Set<Abandon> = new Set();
  readonly #turns: BulkheadPolicy;
  /** How many calls were answered. */
  #answers = 0;
  /** The client's newest error on the way to, or from, being connected. */
  #newestError: unknown;
  /** Why there is no connection; undefined where there is one. */
  #failure: CacheError | undefined;
  #connectedMs = 0;
  #hasConnected = false;
  #isClosed = false;
  #retry: NodeJS.Timeout | undefined;

  constructor(config: KeydbTierConfig) {
    this.config = config;
    this.#turns = bulkhead(config.inFlightMax, config.queueMax);
    this.#failure = new TierUnavailableError(`${config.server} is not connected yet`);
    this.#client = new Redis({
      host: config.host,
      port: config.port,
      db: config.database,
      username: config.username,
      password: config.password,
      tls: config.tls,
      Connector: SocketConnector,
      // RESP2: the scripts' answers have no shapes that need more.
      protocol: 2,
      connectionName: 'lockstep',
      // CLIENT SETINFO is younger than Redis 6.2.
      disableClientInfo: true,
      connectTimeout: config.connectTimeoutMs,
      socketTimeout: SILENT_TIMEOUTS * config.commandTimeoutMs,
      disconnectTimeout: DISCONNECT_MS,
      maxLoadingRetryTime: LOADING_RETRY_MS,
      retryStrategy: reconnectDelayMs,
      // Nothing waits for a connection, and nothing is sent twice: what waits on a lost one is rejected with it.
      enableOfflineQueue: false,
      autoResendUnfulfilledCommands: false,
      maxRetriesPerRequest: 0,
      // A replica answers at this address: after a failover, its name may lead to the new primary.
      reconnectOnError: (error) => {
        const isReplica = error.message.includes('READONLY');
        if (isReplica) this.#newestError = error;
        return isReplica;
      },
    });
    this.#client.on('ready', () => this.#connected());
    this.#client.on('error', (error: unknown) => {
      this.#newestError = error;
    });
    this.#client.on('close', () => this.#lost());
    this.#client.on('end', () => this.#ended());
  }

  /** For how long this connection has been up, in ms; 0 where there is none. */
  get uptimeMs(): number {
    return this.#failure === undefined ? performance.now() - this.#connectedMs : 0;
  }

  /** Runs a script: one atomic step. Text in the reply comes as Buffers. */
  run<N extends number>(script: LuaScript<N>, keys: KeyNames<N>, args: readonly Argument[]): Promise<unknown> {
    const rest = [script.keyCount, ...(keys as readonly string[]), ...args.map(sendable)];
    return this.call(script.name, async (client, attempt) => {
      try {
        return await client.callBuffer('evalsha', [script.sha1, ...rest]);
      } catch (error) {
        // The server does not know the script and did nothing: sending it whole is no repetition.
        if (attempt.isOver || !(error instanceof Error) || !error.message.startsWith('NOSCRIPT')) throw error;
        return client.callBuffer('eval', [script.lua, ...rest]);
      }
    });
  }

  /** Runs a script when its turn comes: only so many are on their way at once, and only so many wait. */
  runInTurn<N extends number>(script: LuaScript<N>, keys: KeyNames<N>, args: readonly Argument[]): Promise<unknown> {
    return this.#inTurn(script.name, () => this.run(script, keys, args));
  }

  /** Sends commands in one go; a single refusal, wherever it is, voids them all. */
  pipeline(what: string, commands: readonly PipelineCommand[]): Promise<unknown[]> {
    return this.call(what, async (client) => {
      const replies = await client.pipeline(commands.map((command) => [...command])).exec();
      if (replies === null) throw new TierUnavailableError(`${what}: no answer from ${this.config.server}`);
      return replies.map(([error, reply]) => {
        if (error !== null) throw error;
        return reply;
      });
    });
  }

  /** Sends commands in one go when their turn comes; all of them take one. */
  pipelineInTurn(what: string, commands: readonly PipelineCommand[]): Promise<unknown[]> {
    return this.#inTurn(what, () => this.pipeline(what, commands));
  }

  /** Splits partitions by the server that holds them: here one holds them all. */
  shards(partitions: readonly number[]): readonly (readonly number[])[] {
    return [partitions];
  }

  /** Sends whatever `send` sends, as one call with one time limit; `what` names it in errors. */
  call<T>(what: string, send: (client: Redis, attempt: Attempt) => Promise<T>): Promise<T> {
    const { commandTimeoutMs, server } = this.config;
    if (this.#failure !== undefined) return Promise.reject(this.#failure);
    return new Promise((resolve, reject) => {
      const attempt: Attempt = { isOver: false };
      const end = (settle: () => void): void => {
        if (attempt.isOver) return;
        attempt.isOver = true;
        clearTimeout(timer);
        this.#pending.delete(abandon);
        settle();
      };
      const abandon: Abandon = (error) => end(() => reject(error));
      let timer: NodeJS.Timeout;
      // Silence is what counts: while others are answered, this answer is on its way. After a stall of this process it
      // may be here unread: what has arrived is read first.
      const waitFrom = (answers: number, waits: number): void => {
        const look = (): void => {
          if (attempt.isOver) return;
          if (this.#answers > answers && waits < WAITS_MAX) return waitFrom(this.#answers, waits + 1);
          abandon(new TierUnavailableError(`${what}: no answer from ${server} in ${waits * commandTimeoutMs} ms`));
        };
        timer = setTimeout(() => setImmediate(look), commandTimeoutMs);
      };
      waitFrom(this.#answers, 1);
      this.#pending.add(abandon);
      send(this.#client, attempt).then(
        (value) => {
          this.#answers++;
          end(() => resolve(value));
        },
        (error: unknown) => end(() => reject(tierError(error, { what, server }))),
      );
    });
  }

  /** Rejects what waits, and every later call. */
  async close(): Promise<void> {
    if (this.#isClosed) return;
    this.#isClosed = true;
    clearTimeout(this.#retry);
    this.#failure = new CacheError('closed', `the tier's connection to ${this.config.server} is closed`);
    for (const abandon of [...this.#pending]) abandon(this.#failure);
    const isOpen = ['connecting', 'connect', 'ready'].includes(this.#client.status);
    const { promise: closed, resolve } = Promise.withResolvers<void>();
    this.#client.once('end', resolve);
    this.#client.disconnect();
    if (!isOpen) return;
    const timer = setTimeout(resolve, 2 * DISCONNECT_MS);
    await closed;
    clearTimeout(timer);
  }

  async #inTurn<T>(what: string, work: () => Promise<T>): Promise<T> {
    try {
      return await this.#turns.execute(work);
    } catch (cause) {
      if (!isBulkheadRejectedError(cause)) throw cause;
      const message = `${what}: ${this.config.queueMax} calls wait for ${this.config.server} already`;
      throw new OverloadedError(message, { cause });
    }
  }

  #connected(): void {
    if (this.#isClosed) return;
    this.#failure = undefined;
    this.#connectedMs = performance.now();
    this.#hasConnected = true;
    this.#newestError = undefined;
    this.config.logger.info('tier connected', { server: this.config.server });
    this.#tell({ connected: true });
  }

  #lost(): void {
    if (this.#isClosed) return;
    const { server } = this.config;
    const reason = this.#newestError ?? new Error('the server closed the connection');
    const failure = tierError(reason, { what: 'no connection', server, isFirst: !this.#hasConnected });
    const isNews = failure.message !== this.#failure?.message;
    this.#failure = failure;
    if (!isNews) return;
    this.config.logger.warn('tier not connected', { server, reason: failure.message });
    this.#tell({ connected: false, reason: failure.message });
  }

  /** The client gives up where a socket cannot even be made; this does not. */
  #ended(): void {
    if (this.#isClosed) return;
    this.#lost();
    this.#retry = setTimeout(() => this.#client.connect().catch(() => {}), RECONNECT_MS_MAX);
  }

  #tell(state: Parameters<KeydbTierConfig['onState']>[0]): void {
    try {
      this.config.onState(state);
    } catch (error) {
      this.config.logger.error('a listener to the state of the tier failed', { error });
    }
  }
}

function reconnectDelayMs(attempt: number): number {
  const delayMs = Math.min(RECONNECT_MS_MIN * 2 ** (attempt - 1), RECONNECT_MS_MAX);
  return delayMs * (0.5 + Math.random() / 2);
}

function sendable(argument: Argument): string | number | Buffer {
  if (typeof argument !== 'object') return argument;
  return Buffer.from(argument.buffer, argument.byteOffset, argument.byteLength);
}
