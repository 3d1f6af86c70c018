// The bus
export type { NatsBus, NatsBusStats } from './nats-bus.ts';
export { connectNats } from './nats-bus.ts';

// Its options
export type { BusAddress } from './bus-url.ts';
export { parseBusUrl } from './bus-url.ts';
export type { NatsBusOptions, NatsCredentials, NatsTls } from './options.ts';

// What a server says of itself
export type { NatsReport } from './probe.ts';
export { probeNats } from './probe.ts';
