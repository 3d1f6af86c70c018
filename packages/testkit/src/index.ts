// Real servers, and faults between them and their clients
export type { Balancer } from './balancer.ts';
export type { Exchange, ExchangeTls } from './exchange.ts';
export { exchange } from './exchange.ts';
export { findBinary } from './find-binary.ts';
export type { HaproxyOptions } from './haproxy.ts';
export { startHaproxy } from './haproxy.ts';
export type { NatsOptions } from './nats-server.ts';
export { NATS_BINARY, startNats } from './nats-server.ts';
export { startNginx } from './nginx.ts';
export { PROMETHEUS_BINARY, startPrometheus } from './prometheus-server.ts';
export type { ReceivedRequest, ReceiverAnswer } from './otlp-receiver.ts';
export { OtlpReceiver } from './otlp-receiver.ts';
export type { ReceivedSpan } from './otlp-wire.ts';
export type { ChaosProxy, Direction, ProxyOptions } from './proxy.ts';
export { startProxy } from './proxy.ts';
export type { Reaper } from './reaper.ts';
export { startReaper } from './reaper.ts';
export type { RedisOptions } from './redis-server.ts';
export { REDIS_BINARY, startRedis } from './redis-server.ts';
export type { SecuredServers } from './secured-servers.ts';
export { startSecuredServers } from './secured-servers.ts';
export type { SentinelOptions } from './sentinel.ts';
export { startSentinel } from './sentinel.ts';
export type { RunningServer } from './running-server.ts';

// Fakes of the ports
export type { BusNetwork, Delivery, Fate, MemoryBus } from './bus-network.ts';
export { createBusNetwork } from './bus-network.ts';
export { FakeClock, settle } from './fake-clock.ts';
export type { LogEntry } from './fake-logger.ts';
export { RecordingLogger, silentLogger } from './fake-logger.ts';
export { FakeRandom } from './fake-random.ts';

// Contract suites: the fake and the real adapter of a port pass the same one
export type { BusContractWorld } from './bus-contract.ts';
export { busContract } from './bus-contract.ts';
export type { JournalContractWorld } from './journal-contract.ts';
export { journalContract } from './journal-contract.ts';
export { tierContract } from './tier-contract.ts';
export type { TierContractWorld } from './tier-scene.ts';

// Waiting
export { freePort } from './free-port.ts';
export type { WaitForOptions } from './wait-for.ts';
export { waitFor } from './wait-for.ts';
