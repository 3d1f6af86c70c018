import { once } from 'node:events';
import type { Socket } from 'node:net';
import { connect as connectTcp, isIP } from 'node:net';
import { connect as connectTls } from 'node:tls';
import { BusUnavailableError } from '@lockstep/core';
import type { NatsConnection } from '@nats-io/transport-node';
import { connect } from '@nats-io/transport-node';
import { dial } from './dial.ts';
import { connectionOptions } from './nats-link.ts';
import type { NatsBusConfig, NatsBusOptions } from './options.ts';
import { parseNatsOptions } from './options.ts';
import { reasonOf } from './reasons.ts';
import { within } from './within.ts';

const PORT = 4222;
/** A server's first line, INFO, is a kilobyte or two. */
const GREETING_BYTES_MAX = 1_048_576;

/** What a NATS server says of itself to this user; `probeNats` makes it. */
export interface NatsReport {
  /** `host:port` of the server that answered. */
  readonly server: string;
  readonly version: string;
  /** The largest message it takes, in bytes. */
  readonly payloadBytesMax: number;
  /** Whether it asks who connects. */
  readonly asksForUser: boolean;
  readonly isTls: boolean;
  /** The last moment of its certificate, in ms since 1970; undefined without TLS, or where it cannot be read. */
  readonly certificateEndMs: number | undefined;
  /** How long a ping took, in ms. */
  readonly roundTripMs: number;
  /** Why this user may not subscribe to the cluster's subject; undefined: it may. */
  readonly refusal: string | undefined;
}

/**
 * Connects once, subscribes, asks, and leaves. Nothing is published: whether this user may, is not tried.
 * Rejects with a `BusUnavailableError` that says why there is no connection, within two `connectTimeoutMs`.
 */
export async function probeNats(options: NatsBusOptions, signal: AbortSignal): Promise<NatsReport> {
  const config = parseNatsOptions(options);
  let connection: NatsConnection;
  try {
    const given = await connectionOptions(config, []);
    connection = await dial(() => connect(given), signal);
  } catch (cause) {
    if (cause instanceof BusUnavailableError) throw cause;
    throw new BusUnavailableError(reasonOf(cause, { tls: config.tls !== undefined }), { cause });
  }
  try {
    return await ask(connection, config);
  } finally {
    await within(
      connection.close().catch(() => undefined),
      config.connectTimeoutMs,
      undefined,
    );
  }
}

async function ask(connection: NatsConnection, config: NatsBusConfig): Promise<NatsReport> {
  const { info } = connection;
  // The client takes TLS wherever the server has it.
  const isTls = info?.tls_required === true || info?.tls_available === true;
  const server = connection.getServer();
  const refusal = await within(permission(connection, config.subject), config.connectTimeoutMs, 'no answer in time');
  const roundTripMs = await within(
    connection.rtt().catch(() => Number.NaN),
    config.connectTimeoutMs,
    Number.NaN,
  );
  return {
    server,
    version: info?.version ?? 'unknown',
    payloadBytesMax: info?.max_payload ?? 0,
    asksForUser: info?.auth_required === true,
    isTls,
    certificateEndMs: isTls ? await certificateEnd(server, config).catch(() => undefined) : undefined,
    roundTripMs,
    refusal,
  };
}

/** Subscribes, and has the server answer after it: by then it has said whether it refuses. */
async function permission(connection: NatsConnection, subject: string): Promise<string | undefined> {
  let refusal: string | undefined;
  connection.subscribe(subject, {
    callback: (error) => {
      if (error !== null) refusal = reasonOf(error);
    },
  });
  await connection.flush().catch((error: unknown) => {
    refusal ??= reasonOf(error);
  });
  return refusal;
}

/** The end of the certificate that a server shows: NATS speaks first, and in clear, then TLS begins on the same socket. */
async function certificateEnd(server: string, config: NatsBusConfig): Promise<number | undefined> {
  const { hostname, port } = new URL(`nats://${server}`);
  const host = hostname.replace(/^\[(.*)\]$/, '$1');
  const signal = AbortSignal.timeout(config.connectTimeoutMs);
  const socket = connectTcp({ host, port: port === '' ? PORT : Number(port) });
  try {
    await greeting(socket, signal);
    const secured = connectTls({
      socket,
      rejectUnauthorized: false,
      ...(isIP(host) === 0 ? { servername: host } : {}),
    });
    secured.on('error', () => undefined);
    await once(secured, 'secureConnect', { signal });
    const end = Date.parse(secured.getPeerCertificate().valid_to);
    return Number.isNaN(end) ? undefined : end;
  } finally {
    socket.destroy();
  }
}

async function greeting(socket: Socket, signal: AbortSignal): Promise<void> {
  let bytes = 0;
  while (true) {
    const [chunk] = (await once(socket, 'data', { signal })) as [Buffer];
    bytes += chunk.length;
    if (chunk.includes('\n') || bytes > GREETING_BYTES_MAX) return;
  }
}
