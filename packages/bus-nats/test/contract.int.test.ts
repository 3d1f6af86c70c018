import { connectNats } from '@lockstep/bus-nats';
import { busContract, startNats, startProxy } from '@lockstep/testkit';
import { describe } from 'vitest';

const cluster = 'contract';

describe('NATS whose server is killed and started again', () => {
  busContract(async () => {
    const server = await startNats();
    return {
      join: () => connectNats({ servers: server.url, cluster, reconnectDelayMaxMs: 50 }),
      interrupt: () => server.kill(),
      restore: () => server.restart(),
      close: () => server.stop(),
    };
  });
});

describe('NATS behind a network that breaks', () => {
  busContract(async () => {
    const server = await startNats();
    const proxy = await startProxy({ target: server.url });
    return {
      join: () => connectNats({ servers: proxy.url, cluster, reconnectDelayMaxMs: 50 }),
      interrupt: async () => proxy.cut(),
      restore: async () => proxy.restore(),
      close: async () => {
        await proxy.close();
        await server.stop();
      },
    };
  });
});

describe('NATS behind a network that stalls', () => {
  busContract(async () => {
    const server = await startNats();
    const proxy = await startProxy({ target: server.url });
    return {
      join: () =>
        connectNats({
          servers: proxy.url,
          cluster,
          pingIntervalMs: 250,
          connectTimeoutMs: 500,
          reconnectDelayMaxMs: 50,
        }),
      interrupt: async () => proxy.stall(),
      restore: async () => proxy.restore(),
      close: async () => {
        await proxy.close();
        await server.stop();
      },
    };
  });
});
