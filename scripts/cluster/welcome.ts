import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Cluster } from './cluster.ts';
import type { Observability } from './observability.ts';

/** Prints where the nodes are, the key to them, and what to try; each line that begins with `curl` can be run as it is. */
export async function welcome({
  nodes,
  servers,
  gatewayKey,
  adminToken,
  observability,
  folder,
}: Cluster): Promise<void> {
  const options = join(folder, 'curl');
  await writeFile(options, curlOptions(gatewayKey), { mode: 0o600 });
  const urls = nodes.map(({ url }) => url);
  const at = (index: number): string => urls[index] ?? urls[0] ?? '';
  const call = (index: number, name: string, args: string): string =>
    `curl -K ${options} ${at(index)} -d '${request(name, args)}'`;
  const alone = nodes.length === 1;
  const lines = [
    '',
    alone ? 'One gateway node is up, in local mode.' : `${nodes.length} gateway nodes are up, on ${servers?.from}.`,
    '',
    ...nodes.map(({ name, url }) => `  ${name}       ${url}`),
    `  gateway key  ${gatewayKey}   (Authorization: Bearer <key>)`,
    ...(observability === undefined ? [] : addresses(observability)),
    '',
    'Three things to try:',
    '',
    `1. The tools of all servers, from ${alone ? 'the node' : 'node 2'}. Twice: the second time from its near-cache.`,
    `   ${call(1, 'enkrypt_discover_all_tools', '{}')} | grep -o '[0-9]* tools of [^",\\\\]*, from [^"\\\\]*' | sort -u`,
    '',
    '2. A tool of a server behind the gateway.',
    `   ${call(0, 'enkrypt_secure_call_tools', '{"server_name":"everything","tool_calls":[{"name":"echo","args":{"message":"hello"}}]}')} | grep -o 'Echo: [a-z]*' | sort -u`,
    '',
    alone
      ? '3. Clear, then the first again: it asks the servers.'
      : '3. Clear on node 3, then the first again: node 2 has dropped what it held.',
    `   ${call(2, 'enkrypt_clear_cache', '{"cache_type":"all"}')} | grep -o '[^"]* cleared on every node' | sort -u`,
    '',
    'For operators, in another terminal, from the root of the repository:',
    '',
    `   export LOCKSTEP_ADMIN_URL=${[...new Set(nodes.map(({ adminUrl }) => adminUrl))].join()} LOCKSTEP_ADMIN_TOKEN=${adminToken}`,
    '   ./scripts/lockstep status    # then: top, nodes, watch, cache clear tools --wait fenced --reason test, audit --verify',
    '',
    'Ctrl-C ends all of it.',
  ];
  console.log(lines.join('\n'));
}

function addresses({ grafanaUrl, jaegerUrl, prometheusUrl }: Observability): string[] {
  return ['', `  dashboards   ${grafanaUrl}`, `  traces       ${jaegerUrl}`, `  metrics      ${prometheusUrl}`];
}

/** Options that every request needs: kept in a file, so that a line to try is short. */
function curlOptions(gatewayKey: string): string {
  const headers = [
    `Authorization: Bearer ${gatewayKey}`,
    'Content-Type: application/json',
    'Accept: application/json, text/event-stream',
  ];
  return `silent\nshow-error\n${headers.map((header) => `header = "${header}"`).join('\n')}\n`;
}

function request(name: string, args: string): string {
  return `{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"${name}","arguments":${args}}}`;
}
