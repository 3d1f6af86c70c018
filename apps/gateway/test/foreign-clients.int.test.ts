import { execFile } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { GatewayNode } from '../src/wiring.ts';
import { ConformanceOrigin } from './conformance-origin.ts';
import { configText, KEY, npmServer, startTestNode } from './harness.ts';
import { KeyAddingProxy } from './key-adding-proxy.ts';

const require = createRequire(import.meta.url);
const INSPECTOR = require.resolve('@modelcontextprotocol/inspector/package.json');
const CONFORMANCE = require.resolve('@modelcontextprotocol/conformance/package.json');
const EXPECTED_FAILURES = join(import.meta.dirname, 'conformance-expected-failures.yml');
const TIMEOUT_MS = 60_000;

let origin: ConformanceOrigin;
let node: GatewayNode;
let proxy: KeyAddingProxy;
let proxyUrl: string;
let folder: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'foreign-clients-'));
  origin = await new ConformanceOrigin().start();
  const servers = [
    origin.entry('suite'),
    npmServer('everything'),
    npmServer('memory'),
    npmServer('filesystem', [folder]),
  ];
  node = await startTestNode(configText(servers));
  proxy = new KeyAddingProxy(node.url, 'suite__');
  proxyUrl = await proxy.start();
});

afterAll(async () => {
  await proxy.stop();
  await node.close();
  await origin.stop();
  await rm(folder, { recursive: true });
});

/** Runs a script of a package to its end. */
function run(manifest: string, script: string, args: readonly string[]): Promise<{ code: number; output: string }> {
  const env = { ...process.env, HOME: folder };
  return new Promise((resolve) => {
    execFile(
      process.execPath,
      [join(dirname(manifest), script), ...args],
      { cwd: folder, env, timeout: TIMEOUT_MS, maxBuffer: 16 * 1_048_576 },
      (error, stdout, stderr) => resolve({ code: error === null ? 0 : Number(error.code), output: stdout || stderr }),
    );
  });
}

describe("the MCP Inspector's command line", () => {
  const inspect = (...args: readonly string[]) =>
    run(INSPECTOR, 'clients/launcher/build/index.js', [
      ...['--cli', node.url, '--transport', 'http', '--header', `Authorization: Bearer ${KEY}`],
      ...args,
    ]);

  it('lists the tools of all servers', { timeout: TIMEOUT_MS }, async () => {
    const { code, output } = await inspect('--method', 'tools/list');
    expect(code).toBe(0);
    const { tools } = JSON.parse(output) as { tools: { name: string }[] };
    const names = tools.map(({ name }) => name);
    expect(names).toEqual(
      expect.arrayContaining([
        'enkrypt_list_all_servers',
        'suite__test_simple_text',
        'everything__echo',
        'memory__create_entities',
        'filesystem__list_directory',
      ]),
    );
  });

  it('calls tools of servers by their names in that list', { timeout: TIMEOUT_MS }, async () => {
    const echo = ['--tool-name', 'everything__echo', '--tool-arg', 'message=hello'];
    const echoed = await inspect('--method', 'tools/call', ...echo);
    expect(JSON.parse(echoed.output)).toMatchObject({ content: [{ type: 'text', text: 'Echo: hello' }] });
    const list = ['--tool-name', 'filesystem__list_allowed_directories'];
    expect((await inspect('--method', 'tools/call', ...list)).output).toContain(folder);
  });

  it('is told of a wrong key', { timeout: TIMEOUT_MS }, async () => {
    const args = ['--cli', node.url, '--transport', 'http', '--header', 'Authorization: Bearer wrong'];
    const { code, output } = await run(INSPECTOR, 'clients/launcher/build/index.js', [
      ...args,
      '--method',
      'tools/list',
    ]);
    expect(code).not.toBe(0);
    expect(output).toMatch(/401|[Uu]nauthorized|auth/);
  });
});

it(
  "passes the MCP conformance suite's scenarios for servers, but for those of what it does not offer",
  async () => {
    const args = ['server', '--url', proxyUrl, '--suite', 'all', '--expected-failures', EXPECTED_FAILURES];
    const { code, output } = await run(CONFORMANCE, 'dist/index.js', [...args, '-o', join(folder, 'results')]);
    expect(output).toContain('✓ tools-call-with-progress');
    expect(code, output.slice(-3_000)).toBe(0);
  },
  TIMEOUT_MS,
);
