import { connect } from 'node:net';
import { startNats, startProxy, waitFor } from '@lockstep/testkit';

/** A NATS server that is taken away from its clients, and given back. */
export async function main(): Promise<string[]> {
  const server = await startNats();
  const proxy = await startProxy({ target: server.url });
  const seen: string[] = [];
  const client = connect({ host: proxy.host, port: proxy.port });
  client.on('data', (bytes) => seen.push(String(bytes).slice(0, 4)));
  client.on('error', () => undefined);
  client.on('close', () => seen.push('cut'));

  await waitFor(() => seen.includes('INFO'), { what: 'the server’s greeting' });
  proxy.cut(); // for a stall: proxy.stall(); for a slow network: proxy.delay(50)
  await waitFor(() => seen.includes('cut'), { what: 'the cut' });
  proxy.restore();
  await proxy.close();
  await server.stop(); // had the test crashed instead, the server would be gone too
  return seen;
}
