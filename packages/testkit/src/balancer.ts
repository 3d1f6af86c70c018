import type { RunningServer } from './running-server.ts';

/** A reverse proxy that spreads connections, or requests, over servers on loopback ports, in turn, and repeats none. */
export interface Balancer extends RunningServer {
  /** Sends requests to this port too; resolves once it does. */
  add(port: number): Promise<void>;
  /** Sends no more new requests to it; resolves once it does not. */
  remove(port: number): Promise<void>;
  /** The ports that it sends requests to now. */
  serving(): Promise<readonly number[]>;
}
