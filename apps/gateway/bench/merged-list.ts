/**
 * How many `tools/list` a second a node answers with the merged list of 20 servers, hot in its near-cache, beside the
 * same HTTP stack and the same MCP SDK answering the same tools from a constant. Each runs in a process of its own, in
 * turns; this process asks. Told apart: answers a second, which on a busy machine say more of the machine; and answers a
 * second of processor time of the one that answers, which are compared.
 *
 *   node --conditions=@lockstep/source bench/merged-list.ts
 */
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { Agent, request } from 'node:http';
import type { AddressInfo } from 'node:net';
import { createAdaptorServer } from '@hono/node-server';
import { createMcpHandler, Server } from '@modelcontextprotocol/server';
import { Hono } from 'hono';
import { configText, connectClient, KEY, startTestNode } from '../test/harness.ts';
import { Origin } from '../test/mcp-origin.ts';

const SERVERS = 20;
const TOOLS_PER_SERVER = 10;
const CALLERS = 16;
const ROUNDS = 7;
const ROUND_MS = 2_000;
const WARM_UP_MS = 2_000;
const RATIO_MIN = 0.7;
const VERSION = '2026-07-28';
const BODY = JSON.stringify({
  jsonrpc: '2.0',
  id: 1,
  method: 'tools/list',
  params: {
    _meta: {
      'io.modelcontextprotocol/protocolVersion': VERSION,
      'io.modelcontextprotocol/clientInfo': { name: 'bench', version: '1.0.0' },
      'io.modelcontextprotocol/clientCapabilities': {},
    },
  },
});

const tool = (name: string) => ({
  name,
  description: `Does what ${name} does, to whatever it is given, and tells what came of it.`,
  inputSchema: {
    type: 'object' as const,
    properties: { path: { type: 'string', description: 'where it is' }, limit: { type: 'number' } },
    required: ['path'],
  },
});

async function serveGateway(): Promise<string> {
  const tools = Array.from({ length: TOOLS_PER_SERVER }, (_, index) => tool(`tool_${index}`));
  const hint = { ttlMs: 3_600_000, cacheScope: 'private' } as const;
  const origins = Array.from({ length: SERVERS }, () => new Origin({ page: () => ({ tools }), hint }).start());
  const servers = (await Promise.all(origins)).map((origin, index) => origin.entry(`server-${index}`));
  return (await startTestNode(configText(servers))).url;
}

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

/** A server in a process of its own. */
interface Served {
  readonly url: string;
  /** The processor time that it has taken so far, in ms. */
  readonly cpuMs: () => Promise<number>;
  readonly stop: () => void;
}

/** Starts this script as a server. */
async function start(...args: readonly string[]): Promise<Served> {
  const child = fork(import.meta.filename, args);
  child.once('exit', (code) => {
    if (code !== null) throw new Error(`a server ended with ${code}`);
  });
  const [url] = (await once(child, 'message')) as [string];
  const cpuMs = async (): Promise<number> => {
    child.send('cpu');
    const [usedMs] = (await once(child, 'message')) as [number];
    return usedMs;
  };
  return { url, cpuMs, stop: () => child.kill() };
}

/** Tells the parent where it is, and whenever it is asked, the processor time it has taken. */
function report(url: string): void {
  process.on('message', () => {
    const { user, system } = process.cpuUsage();
    process.send?.((user + system) / 1_000);
  });
  process.send?.(url);
}

/** Answers a second, and a second of processor time; and how long half of them, and all but a hundredth, took at most, in ms. */
interface Rates {
  readonly wall: number;
  readonly cpu: number;
  readonly p50: number;
  readonly p99: number;
}

async function rate({ url, cpuMs }: Served, durationMs: number): Promise<Rates> {
  const agent = new Agent({ keepAlive: true, maxSockets: CALLERS });
  const endMs = performance.now() + durationMs;
  const tookMs: number[] = [];
  const caller = async (): Promise<void> => {
    for (let beganMs = performance.now(); beganMs < endMs; beganMs = performance.now()) {
      await ask(url, agent);
      tookMs.push(performance.now() - beganMs);
    }
  };
  const [startedMs, startedCpuMs] = [performance.now(), await cpuMs()];
  await Promise.all(Array.from({ length: CALLERS }, caller));
  const takenMs = performance.now() - startedMs;
  agent.destroy();
  const answers = tookMs.sort((left, right) => left - right).length;
  const part = (of: number): number => tookMs[Math.floor(answers * of)] ?? Number.NaN;
  const cpu = (answers / ((await cpuMs()) - startedCpuMs)) * 1_000;
  return { wall: (answers / takenMs) * 1_000, cpu, p50: part(0.5), p99: part(0.99) };
}

function ask(url: string, agent: Agent): Promise<void> {
  const headers = {
    authorization: `Bearer ${KEY}`,
    'content-type': 'application/json',
    accept: 'application/json, text/event-stream',
    'mcp-protocol-version': VERSION,
    'mcp-method': 'tools/list',
  };
  return new Promise((resolve, reject) => {
    const asked = request(url, { method: 'POST', agent, headers }, (response) => {
      response.resume();
      response.once('end', () =>
        response.statusCode === 200 ? resolve() : reject(new Error(`${response.statusCode}`)),
      );
    });
    asked.once('error', reject);
    asked.end(BODY);
  });
}

function median(values: readonly number[]): number {
  return [...values].sort((left, right) => left - right)[Math.floor(values.length / 2)] ?? Number.NaN;
}

async function measure(): Promise<void> {
  const gateway = await start('gateway');
  const constant = await start('constant', gateway.url);
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
if (what === 'gateway') report(await serveGateway());
else if (what === 'constant') report(await serveConstant(gatewayUrl));
else await measure();
