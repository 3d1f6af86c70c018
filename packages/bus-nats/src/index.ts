// The bus
export type { NatsBus, NatsBusStats } from './nats-bus.ts';
export { connectNats } from './nats-bus.ts';

// Its options
export type { NatsBusOptions, NatsCredentials, NatsTls } from './options.ts';
