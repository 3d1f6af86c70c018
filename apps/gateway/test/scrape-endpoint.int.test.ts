import { once } from 'node:events';
import { connect } from 'node:net';
import { waitFor } from '@lockstep/testkit';
import { MeterProvider } from '@opentelemetry/sdk-metrics';
import { expect, it } from 'vitest';
import { ScrapeEndpoint } from '../src/telemetry/scrape-endpoint.ts';

/** As many connections as the endpoint takes. */
const CONNECTIONS = 64;

it('metrics can be fetched again soon, however many connections are open that ask for nothing', async () => {
  const endpoint = new ScrapeEndpoint();
  const provider = new MeterProvider({ readers: [endpoint] });
  const url = await endpoint.listen('127.0.0.1', 0);
  const idle = Array.from({ length: CONNECTIONS }, () => connect(Number(new URL(url).port), '127.0.0.1'));
  await Promise.all(idle.map((socket) => once(socket, 'connect')));
  const isFetched = (): Promise<boolean> =>
    fetch(url).then(
      ({ ok }) => ok,
      () => false,
    );
  expect(await isFetched()).toBe(false);
  await waitFor(isFetched, { what: 'metrics to be fetched', timeoutMs: 15_000 });
  for (const socket of idle) socket.destroy();
  await provider.shutdown();
});
