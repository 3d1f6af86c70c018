import { AsyncLocalStorage } from 'node:async_hooks';
import type { JSONRPCMessage, Transport } from '@modelcontextprotocol/client';
import type { UpstreamError } from './upstream-error.ts';

/** One request of the gateway to a server, or the few that read one list, as what carries the answer sees it. */
export interface Exchange {
  /** Ends it with this error, whatever else is still to come. */
  refuse(error: UpstreamError): void;
  /** Looks at a page of a tool list before anything else does: what it is to be taken for. Throws `UpstreamError`. */
  readonly checkPage: ((result: unknown) => unknown) | undefined;
  /** Aborted when it is over: what comes after that is for nobody. */
  readonly ended: AbortSignal;
}

/** What an exchange needs. */
export interface ExchangeOptions {
  readonly signal: AbortSignal;
  readonly checkPage?: Exchange['checkPage'];
}

const exchanges: AsyncLocalStorage<Exchange> = new AsyncLocalStorage();

/** The exchange that this code runs for; undefined: a handshake, or a stream that belongs to no request. */
export function currentExchange(): Exchange | undefined {
  return exchanges.getStore();
}

/** Runs an exchange. Once it is refused, `run`'s signal is aborted, and the refusal is what it rejects with. */
export async function exchange<R>(
  { signal, checkPage }: ExchangeOptions,
  run: (until: AbortSignal) => Promise<R>,
): Promise<R> {
  const refused = new AbortController();
  const ended = new AbortController();
  let refusal: UpstreamError | undefined;
  const refuse = (error: UpstreamError): void => {
    refusal ??= error;
    refused.abort(error);
  };
  const until = AbortSignal.any([signal, refused.signal]);
  try {
    return await exchanges.run({ refuse, checkPage, ended: ended.signal }, () => run(until));
  } catch (error) {
    throw refusal ?? error;
  } finally {
    ended.abort();
  }
}

/**
 * Has every page of a tool list that arrives looked at by the exchange that asked for it, before the SDK checks each
 * part of it against its schemas. Call it once the transport has been connected.
 */
export function checkPages(transport: Transport): void {
  const asked = new Map<unknown, Exchange>();
  const { onmessage } = transport;
  const send = transport.send.bind(transport);
  transport.send = async (message, options) => {
    const current = currentExchange();
    if (current?.checkPage === undefined || !isRequest(message)) return send(message, options);
    asked.set(message.id, current);
    current.ended.addEventListener('abort', () => asked.delete(message.id), { once: true });
    return send(message, options);
  };
  transport.onmessage = (message, extra) => {
    const one = 'id' in message ? asked.get(message.id) : undefined;
    if (one?.checkPage === undefined || !('result' in message)) return onmessage?.(message, extra);
    asked.delete(message.id);
    try {
      onmessage?.({ ...message, result: one.checkPage(message.result) as typeof message.result }, extra);
    } catch (error) {
      one.refuse(error as UpstreamError);
    }
  };
}

function isRequest(message: JSONRPCMessage | JSONRPCMessage[]): message is JSONRPCMessage & { id: string | number } {
  return !Array.isArray(message) && 'id' in message && 'method' in message;
}
