import { readFile } from 'node:fs/promises';
import { BusUnavailableError } from '@lockstep/core';
import type { NatsConnection, NodeConnectionOptions } from '@nats-io/transport-node';
import { connect, credsAuthenticator, PermissionViolationError } from '@nats-io/transport-node';
import { dial } from './dial.ts';
import type { NatsBusConfig } from './options.ts';
import { reasonOf } from './reasons.ts';
import { within } from './within.ts';

/** Pings without an answer that a connection survives; when the next one is due, it is stale. */
const PINGS_OUT_MAX = 2;
/** What a message costs beside its own bytes, so that empty ones count too. */
const MESSAGE_OVERHEAD_BYTES = 64;
/** How often the server confirms what it has taken, while as many bytes are sent as may be on their way. */
const CONFIRMS_PER_WINDOW = 8;

/** Hears one link; none of the methods throws. */
export interface LinkListener {
  message(bytes: Uint8Array): void;
  /** Messages are being dropped: too many bytes are on their way. */
  congested(reason: string): void;
  /** They no longer are. */
  relieved(): void;
}

/** What {@link NatsLink.open} takes. */
export interface LinkOptions {
  readonly config: NatsBusConfig;
  /** Servers, as `host:port`, that the NATS cluster told an earlier link of. */
  readonly gossiped: readonly string[];
  readonly listener: LinkListener;
  /** Gives up opening. */
  readonly signal: AbortSignal;
}

/** One connection to a NATS server, from the subscription that the server has confirmed to its loss. It never reconnects. */
export class NatsLink {
  /** Resolves with the reason when the link is no longer any good; it must still be closed. */
  readonly lost: Promise<string>;
  readonly #connection: NatsConnection;
  readonly #subject: string;
  readonly #listener: LinkListener;
  readonly #pendingBytesMax: number;
  #sentBytes = 0;
  #confirmedBytes = 0;
  #isConfirming = false;
  #isCongested = false;

  /** Connects to one of the servers and subscribes. Rejects with a `BusUnavailableError` that says why not. */
  static async open(options: LinkOptions): Promise<NatsLink> {
    const { config, signal } = options;
    let link: NatsLink | undefined;
    const giveUp = async (): Promise<void> => link?.close();
    try {
      const given = await connectionOptions(config, options.gossiped);
      link = new NatsLink(await dial(() => connect(given), signal), options);
      signal.addEventListener('abort', giveUp, { once: true });
      const refusal = await within(
        link.#subscribed(),
        config.connectTimeoutMs,
        'the NATS server did not take the subscription',
      );
      if (refusal !== undefined || signal.aborted) {
        throw new BusUnavailableError(refusal ?? 'the bus was closed');
      }
      return link;
    } catch (cause) {
      await link?.close();
      throw cause instanceof BusUnavailableError
        ? cause
        : new BusUnavailableError(reasonOf(cause, { tls: config.tls !== undefined }), { cause });
    } finally {
      signal.removeEventListener('abort', giveUp);
    }
  }

  private constructor(connection: NatsConnection, options: LinkOptions) {
    this.#connection = connection;
    this.#subject = options.config.subject;
    this.#listener = options.listener;
    this.#pendingBytesMax = options.config.pendingBytesMax;
    this.lost = lossOf(connection).catch((error: unknown) => reasonOf(error));
    connection.subscribe(this.#subject, {
      callback: (error, message) => {
        if (error === null) {
          // Node's Buffer slices differently: only its bytes go on.
          const { buffer, byteOffset, length } = message.data;
          this.#listener.message(new Uint8Array(buffer, byteOffset, length));
        }
      },
    });
  }

  /** The servers, as `host:port`, that the NATS cluster has told of, beside those it was configured with. */
  get gossiped(): readonly string[] {
    return this.#connection.getServers().flatMap((server) => (server.gossiped ? [server.listen] : []));
  }

  get isCongested(): boolean {
    return this.#isCongested;
  }

  /** Sends; answers whether the message is on its way. Throws what nats.js throws, such as for one that is too large. */
  publish(message: Uint8Array): boolean {
    const bytes = message.length + MESSAGE_OVERHEAD_BYTES;
    if (this.#isMuchPending && this.#pendingBytes + bytes > this.#pendingBytesMax) {
      this.#congest();
      return false;
    }
    this.#connection.publish(this.#subject, message);
    this.#sentBytes += bytes;
    this.#confirm();
    return true;
  }

  /** Resolves when the server has taken all that was published, or the link is lost. */
  async flush(): Promise<void> {
    await Promise.race([this.#flushed(), this.lost]);
  }

  /** Ends the link at once, in whatever state it is. Never rejects. */
  async close(): Promise<void> {
    await this.#connection.close().catch(() => undefined);
  }

  get #pendingBytes(): number {
    return this.#sentBytes - this.#confirmedBytes;
  }

  /** Enough to ask for a confirmation; until it comes, the bound holds. */
  get #isMuchPending(): boolean {
    return this.#pendingBytes >= this.#pendingBytesMax / CONFIRMS_PER_WINDOW;
  }

  /** Resolves when the server has taken the subscription, with a reason when it has not. */
  async #subscribed(): Promise<string | undefined> {
    return Promise.race([this.#flushed(), this.lost]);
  }

  /** Resolves when the server has answered all that was sent so far; when the link is lost before, then never. */
  async #flushed(): Promise<undefined> {
    try {
      await this.#connection.flush();
    } catch {
      await new Promise<never>(() => undefined);
    }
  }

  #congest(): void {
    if (!this.#isCongested) {
      this.#isCongested = true;
      this.#listener.congested(`the NATS server takes no more messages: ${this.#pendingBytes} bytes are on their way`);
    }
  }

  /** While much is on its way, has the server say, in line after it, that it has taken it. */
  #confirm(): void {
    if (this.#isConfirming || !this.#isMuchPending) {
      return;
    }
    this.#isConfirming = true;
    const sentBytes = this.#sentBytes;
    void this.#flushed().then(() => {
      this.#isConfirming = false;
      this.#confirmedBytes = sentBytes;
      this.#confirm();
      if (this.#isCongested && this.#pendingBytes <= this.#pendingBytesMax / 2) {
        this.#isCongested = false;
        this.#listener.relieved();
      }
    });
  }
}

/** How nats.js connects for this config. */
export async function connectionOptions(
  config: NatsBusConfig,
  gossiped: readonly string[],
): Promise<NodeConnectionOptions> {
  return {
    servers: [...new Set([...config.servers, ...gossiped])],
    name: config.name,
    noEcho: true,
    // A link that is lost stays lost: the next one starts with nothing queued, and its dial can be aborted.
    reconnect: false,
    noAsyncTraces: true,
    timeout: config.connectTimeoutMs,
    pingInterval: config.pingIntervalMs,
    maxPingOut: PINGS_OUT_MAX,
    ...(config.tls === undefined ? {} : { tls: { ...config.tls } }),
    ...(await authentication(config)),
  };
}

async function authentication({ credentials }: NatsBusConfig): Promise<NodeConnectionOptions> {
  if (credentials === undefined || !('credsFile' in credentials)) {
    return { ...credentials };
  }
  try {
    return { authenticator: credsAuthenticator(await readFile(credentials.credsFile)) };
  } catch (cause) {
    throw new BusUnavailableError(`the credentials file cannot be used: ${(cause as Error).message}`, { cause });
  }
}

/** Resolves with the reason when a connection has ended, or has become useless. */
async function lossOf(connection: NatsConnection): Promise<string> {
  let reason: string | undefined;
  for await (const status of connection.status()) {
    if (status.type === 'error') {
      reason ??= reasonOf(status.error);
      if (status.error instanceof PermissionViolationError) {
        return reason;
      }
    } else if (status.type === 'staleConnection') {
      // nats.js now waits for its pending writes, which a server that has stopped reading never takes.
      return reason ?? 'the NATS server does not answer pings';
    }
  }
  return reason ?? reasonOf(await connection.closed());
}
