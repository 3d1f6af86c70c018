/**
 * How many `tools/list` a second a node answers with the merged list of 20 servers, hot in its near-cache, beside the
 * same HTTP stack and the same MCP SDK answering the same tools from a constant. Each runs in a process of its own, in
 * turns; this process asks.
 *
 *   node --conditions=@lockstep/source bench/merged-list.ts
 */
import { spawn } from 'node:child_process';
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
const WARM_UP_MS = 1_000;
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

/** Starts this script as a server; resolves with its address. */
function start(...args: readonly string[]): Promise<{ readonly url: string; readonly stop: () => void }> {
  const child = spawn(process.execPath, [...process.execArgv, import.meta.filename, ...args], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  return new Promise((resolve, reject) => {
    child.stdout.once('data', (line: Buffer) => resolve({ url: line.toString().trim(), stop: () => child.kill() }));
    child.once('exit', () => reject(new Error('a server ended')));
  });
}

/** Answers a second, for so long. */
async function rate(url: string, durationMs: number): Promise<number> {
  const agent = new Agent({ keepAlive: true, maxSockets: CALLERS });
  const endMs = performance.now() + durationMs;
  let answers = 0;
  const caller = async (): Promise<void> => {
    while (performance.now() < endMs) {
      await ask(url, agent);
      answers++;
    }
  };
  const startedMs = performance.now();
  await Promise.all(Array.from({ length: CALLERS }, caller));
  agent.destroy();
  return (answers / (performance.now() - startedMs)) * 1_000;
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
  const rates: { readonly gateway: number[]; readonly constant: number[] } = { gateway: [], constant: [] };
  for (const { url } of [gateway, constant]) await rate(url, WARM_UP_MS);
  for (let round = 1; round <= ROUNDS; round++) {
    rates.constant.push(await rate(constant.url, ROUND_MS));
    rates.gateway.push(await rate(gateway.url, ROUND_MS));
  }
  gateway.stop();
  constant.stop();
  const ratios = rates.gateway.map((ours, index) => ours / (rates.constant[index] ?? Number.NaN));
  const show = (values: readonly number[], digits: number) =>
    `${median(values).toFixed(digits)} (${Math.min(...values).toFixed(digits)} to ${Math.max(...values).toFixed(digits)})`;
  process.stdout.write(`merged list of ${SERVERS} servers, median of ${ROUNDS} rounds (least to most)\n`);
  process.stdout.write(`  node      ${show(rates.gateway, 0)} answers/s\n`);
  process.stdout.write(`  constant  ${show(rates.constant, 0)} answers/s\n`);
  process.stdout.write(`  ratio     ${show(ratios, 2)}, target at least 0.7\n`);
  process.exit(median(ratios) >= 0.7 ? 0 : 1);
}

const [what, gatewayUrl = ''] = process.argv.slice(2);
if (what === 'gateway') process.stdout.write(`${await serveGateway()}\n`);
else if (what === 'constant') process.stdout.write(`${await serveConstant(gatewayUrl)}\n`);
else await measure();
