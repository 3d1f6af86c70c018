/**
 * How many `tools/list` a second a node answers with the merged list of 20 servers, hot in its near-cache, beside the
 * same HTTP stack and the same MCP SDK answering the same tools from a constant. Each runs in a process of its own, in
 * turns; this process asks. Told apart: answers a second, which on a busy machine say more of the machine; and answers a
 * second of processor time of the one that answers, which are compared.
 *
 *   node --conditions=@lockstep/source bench/merged-list.ts
 */
import type { AddressInfo } from 'node:net';
import { createAdaptorServer } from '@hono/node-server';
import { createMcpHandler, Server } from '@modelcontextprotocol/server';
import { Hono } from 'hono';
import { connectClient } from '../test/harness.ts';
import type { Rates } from './served.ts';
import { median, rate, report, SERVERS, serveGateway, start, startServers, TOOLS_PER_SERVER } from './served.ts';

const ROUNDS = 7;
const ROUND_MS = 2_000;
const WARM_UP_MS = 2_000;
const RATIO_MIN = 0.7;
/** The same tools, from a constant. */
async function serveConstant(gatewayUrl: string): Promise<string> {
  const { client, close } = await connectClient(gatewayUrl);
  const { tools } = await client.listTools();
  await close();
  const mcp = createMcpHandler(() => {
    const server = new Server({ name: 'constant', version: '1.0.0' }, { capabilities: { tools: {} } });
    server.setRequestHandler('tools/list', () => ({ tools, ttlMs: 300_000, cacheScope: 'private' }));
    return server;
  });
  const app = new Hono();
  app.all('/mcp', ({ req }) => mcp.fetch(req.raw));
  const server = createAdaptorServer({ fetch: app.fetch });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}/mcp`;
}

async function measure(): Promise<void> {
  const gateway = await start(import.meta.filename, ['gateway']);
  const constant = await start(import.meta.filename, ['constant', gateway.url]);
  const rates: { readonly gateway: Rates[]; readonly constant: Rates[] } = { gateway: [], constant: [] };
  for (const served of [gateway, constant]) await rate(served, WARM_UP_MS);
  for (let round = 1; round <= ROUNDS; round++) {
    rates.constant.push(await rate(constant, ROUND_MS));
    rates.gateway.push(await rate(gateway, ROUND_MS));
  }
  gateway.stop();
  constant.stop();
  const show = (values: readonly number[], digits = 0) =>
    `${median(values).toFixed(digits)} (${Math.min(...values).toFixed(digits)} to ${Math.max(...values).toFixed(digits)})`;
  const line = (name: string, values: readonly Rates[]) =>
    `  ${name}  ${show(values.map(({ wall }) => wall))} a second, ${show(values.map(({ cpu }) => cpu))} a second of processor time; p50 ${show(
      values.map(({ p50 }) => p50),
      2,
    )} ms, p99 ${show(
      values.map(({ p99 }) => p99),
      2,
    )} ms\n`;
  const ratios = rates.gateway.map(({ cpu }, index) => cpu / (rates.constant[index]?.cpu ?? Number.NaN));
  process.stdout.write(
    `answers, ${SERVERS} servers of ${TOOLS_PER_SERVER} tools: median of ${ROUNDS} rounds (least to most)\n`,
  );
  process.stdout.write(line('node    ', rates.gateway));
  process.stdout.write(line('constant', rates.constant));
  process.stdout.write(`  ratio     ${show(ratios, 2)} by processor time, target at least ${RATIO_MIN}\n`);
  process.exit(median(ratios) >= RATIO_MIN ? 0 : 1);
}

const [what, gatewayUrl = ''] = process.argv.slice(2);
if (what === 'gateway') report(await serveGateway(await startServers()));
else if (what === 'constant') report(await serveConstant(gatewayUrl));
else await measure();
