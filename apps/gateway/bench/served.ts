import { fork } from 'node:child_process';
import { once } from 'node:events';
import { Agent, request } from 'node:http';
import type { ServerEntry } from '../test/harness.ts';
import { configText, KEY, startTestNode } from '../test/harness.ts';
import { Origin } from '../test/mcp-origin.ts';

/** How many servers the gateway has that `serveGateway` starts, and how many tools each of them. */
export const SERVERS = 20;
export const TOOLS_PER_SERVER = 10;
const CALLERS = 16;
const VERSION = '2026-07-28';
const META = {
  'io.modelcontextprotocol/protocolVersion': VERSION,
  'io.modelcontextprotocol/clientInfo': { name: 'bench', version: '1.0.0' },
  'io.modelcontextprotocol/clientCapabilities': {},
};

/** What a server is asked. */
export interface Question {
  readonly method: 'tools/list' | 'tools/call';
  /** The tool that is called. */
  readonly name?: string;
}

export const LIST: Question = { method: 'tools/list' };
/** A tool of a server that `startServers` starts. */
export const CALL: Question = { method: 'tools/call', name: 'server-0__tool_0' };

const tool = (name: string) => ({
  name,
  description: `Does what ${name} does, to whatever it is given, and tells what came of it.`,
  inputSchema: {
    type: 'object' as const,
    properties: { path: { type: 'string', description: 'where it is' }, limit: { type: 'number' } },
    required: ['path'],
  },
});

/** The servers of a gateway, in this process. */
export async function startServers(): Promise<readonly ServerEntry[]> {
  const tools = Array.from({ length: TOOLS_PER_SERVER }, (_, index) => tool(`tool_${index}`));
  const hint = { ttlMs: 3_600_000, cacheScope: 'private' } as const;
  const origins = Array.from({ length: SERVERS }, () => new Origin({ page: () => ({ tools }), hint }).start());
  return (await Promise.all(origins)).map((origin, index) => origin.entry(`server-${index}`));
}

/** A gateway with these servers, in this process; answers where it is. */
export async function serveGateway(
  servers: readonly ServerEntry[],
  lockstep: Readonly<Record<string, unknown>> = {},
): Promise<string> {
  return (await startTestNode(configText(servers, lockstep))).url;
}

/** A server in a process of its own. */
export interface Served {
  readonly url: string;
  /** The processor time that it has taken so far, in ms. */
  readonly cpuMs: () => Promise<number>;
  readonly stop: () => void;
}

/** Starts a script as a server, with these variables besides those there are. */
export async function start(
  script: string,
  args: readonly string[],
  environment: Readonly<Record<string, string>> = {},
): Promise<Served> {
  const child = fork(script, args, { env: { ...process.env, ...environment } });
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
export function report(url: string): void {
  process.on('message', () => {
    const { user, system } = process.cpuUsage();
    process.send?.((user + system) / 1_000);
  });
  process.send?.(url);
}

/** Answers a second, and a second of processor time; and how long half of them, and all but a hundredth, took at most, in ms. */
export interface Rates {
  readonly wall: number;
  readonly cpu: number;
  readonly p50: number;
  readonly p99: number;
}

export async function rate({ url, cpuMs }: Served, durationMs: number, question: Question = LIST): Promise<Rates> {
  const agent = new Agent({ keepAlive: true, maxSockets: CALLERS });
  const endMs = performance.now() + durationMs;
  const tookMs: number[] = [];
  const caller = async (): Promise<void> => {
    for (let beganMs = performance.now(); beganMs < endMs; beganMs = performance.now()) {
      await ask(url, agent, question);
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

/** Has a server answer so many times that its code is compiled. */
export async function warmUp({ url }: Served, answers: number, question: Question = LIST): Promise<void> {
  const agent = new Agent({ keepAlive: true, maxSockets: CALLERS });
  let left = answers;
  const caller = async (): Promise<void> => {
    while (left-- > 0) await ask(url, agent, question);
  };
  await Promise.all(Array.from({ length: CALLERS }, caller));
  agent.destroy();
}

function ask(url: string, agent: Agent, { method, name }: Question): Promise<void> {
  const params = { ...(name !== undefined && { name, arguments: { path: '/' } }), _meta: META };
  const headers = {
    authorization: `Bearer ${KEY}`,
    'content-type': 'application/json',
    accept: 'application/json, text/event-stream',
    'mcp-protocol-version': VERSION,
    'mcp-method': method,
    ...(name !== undefined && { 'mcp-name': name }),
  };
  return new Promise((resolve, reject) => {
    const asked = request(url, { method: 'POST', agent, headers }, (response) => {
      response.resume();
      response.once('end', () =>
        response.statusCode === 200 ? resolve() : reject(new Error(`${response.statusCode}`)),
      );
    });
    asked.once('error', reject);
    asked.end(JSON.stringify({ jsonrpc: '2.0', id: 1, method, params }));
  });
}

export function median(values: readonly number[]): number {
  return [...values].sort((left, right) => left - right)[Math.floor(values.length / 2)] ?? Number.NaN;
}
