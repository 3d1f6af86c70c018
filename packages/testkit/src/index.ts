// Real servers

export { freePort } from './free-port.ts';
export type { NatsOptions } from './nats-server.ts';
export { startNats } from './nats-server.ts';
export type { RedisOptions } from './redis-server.ts';
export { startRedis } from './redis-server.ts';
export type { RunningServer } from './running-server.ts';
// Waiting
export type { WaitForOptions } from './wait-for.ts';
export { waitFor } from './wait-for.ts';
