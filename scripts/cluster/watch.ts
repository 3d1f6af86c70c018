import { setTimeout as delay } from 'node:timers/promises';
import type { Cluster } from './cluster.ts';

const LOOK_EVERY_MS = 500;
const LAST_LINES = 12;

/** Resolves when the signal is aborted; rejects, with the last lines of its log, when a node or a server ends before. */
export async function untilTold({ nodes, servers }: Cluster, signal: AbortSignal): Promise<void> {
  const told = new Promise<void>((resolve) => {
    if (signal.aborted) resolve();
    signal.addEventListener('abort', () => resolve(), { once: true });
  });
  const deaths = nodes.map(async (node) => {
    const { code, signal: by } = await node.ended;
    if (!signal.aborted)
      throw new Error(`${node.name} ended by itself (${by ?? `code ${code}`}):\n${node.lastLines(LAST_LINES)}`);
  });
  await Promise.race([told, Promise.all([...deaths, watchServers(servers, signal)])]);
}

async function watchServers(servers: Cluster['servers'], signal: AbortSignal): Promise<void> {
  const watched = Object.entries({ tier: servers?.tier.process, bus: servers?.bus?.process });
  while (!signal.aborted) {
    for (const [name, server] of watched) {
      if (server?.isRunning() !== false) continue;
      const lines = server.log().trimEnd().split('\n').slice(-LAST_LINES);
      throw new Error(`the ${name} ended by itself:\n${lines.map((line) => `    ${line}`).join('\n')}`);
    }
    await delay(LOOK_EVERY_MS, undefined, { signal }).catch(() => undefined);
  }
}
