import { readFileSync } from 'node:fs';
import type { ClusterConfig } from '@lockstep/config';
import { loadGatewayConfig } from '@lockstep/config';
import { counted } from '../output/units.ts';
import { probeBus, probeTier } from '../wiring.ts';
import type { AdminAddress } from './admin-findings.ts';
import { adminFindings, adminUrlOf } from './admin-findings.ts';
import { busFindings } from './bus-findings.ts';
import { fileFindings } from './file-findings.ts';
import type { Finding } from './finding.ts';
import { findingsOf } from './finding.ts';
import { tierFindings } from './tier-findings.ts';

const node = findingsOf('node');
const config = findingsOf('config');
const tier = findingsOf('tier');
const bus = findingsOf('bus');

/** What there is to look at. */
export interface ExamineOptions {
  /** The configuration; undefined: LOCKSTEP_CONFIG names it, or nothing does. */
  readonly file: string | undefined;
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** What was said of the admin API; without a URL, it is the configuration's. */
  readonly admin: Pick<AdminAddress, 'url' | 'token'>;
  /** More files that hold secrets. */
  readonly secretFiles: readonly string[];
}

/** Looks at everything that a node needs, all servers at once; rejects with the signal's reason alone. */
export async function examine(options: ExamineOptions, signal: AbortSignal): Promise<readonly Finding[]> {
  const { environment, admin } = options;
  const filesRead: string[] = [];
  const loaded = loadGatewayConfig({
    file: options.file,
    environment,
    readText: (path) => {
      const text = readFileSync(path, 'utf8');
      if (!isPublic(text)) filesRead.push(path);
      return text;
    },
  });
  const cluster = loaded.ok ? loaded.value.cluster : undefined;
  const adminUrl = admin.url ?? (loaded.ok ? adminUrlOf(loaded.value) : undefined);
  const unusable = loaded.ok ? undefined : 'the configuration cannot be used';
  const [ofTier, ofBus, ofAdmin] = await Promise.all([
    unusable === undefined ? examineTier(cluster) : [tier.skipped('reachable', unusable)],
    unusable === undefined ? examineBus(cluster, signal) : [bus.skipped('reachable', unusable)],
    adminFindings({ ...admin, url: adminUrl, isExpected: admin.url !== undefined }, signal),
  ]);
  signal.throwIfAborted();
  const ofConfig = loaded.ok
    ? [
        config.ok('usable', `${counted(loaded.value.directory.gateways.length, 'gateway')}, ${mode(cluster)}`),
        ...notes(loaded.value),
      ]
    : loaded.problems.map(({ path, got, takes }) => config.fail(path, `got ${got}`, `it takes ${takes}`));
  return [
    node.ok('version', `Node ${process.versions.node} on ${process.platform} ${process.arch}`),
    ...ofConfig,
    ...fileFindings([...filesRead, ...options.secretFiles], process.platform),
    ...ofTier,
    ...ofBus,
    ...ofAdmin,
  ];
}

/** Whether a file holds certificates alone, which are everyone's to read. */
function isPublic(text: string): boolean {
  return text.includes('-----BEGIN CERTIFICATE-----') && !text.includes('PRIVATE KEY-----');
}

function mode(cluster: ClusterConfig | undefined): string {
  return cluster === undefined ? 'local mode' : `cluster ${cluster.name}`;
}

function notes({ notes: texts }: { readonly notes: readonly string[] }): readonly Finding[] {
  return texts.map((note) => config.warn('note', note));
}

async function examineTier(cluster: ClusterConfig | undefined): Promise<readonly Finding[]> {
  if (cluster === undefined) return [tier.skipped('reachable', 'local mode: there is none')];
  try {
    return tierFindings(await probeTier(cluster), cluster, Date.now());
  } catch (error) {
    return [
      tier.fail('reachable', messageOf(error), 'is the server running, and is this the URL of its port and its user?'),
    ];
  }
}

async function examineBus(cluster: ClusterConfig | undefined, signal: AbortSignal): Promise<readonly Finding[]> {
  if (cluster === undefined) return [bus.skipped('reachable', 'local mode: there is none')];
  const { busUrl } = cluster;
  if (busUrl === undefined) {
    return [bus.skipped('reachable', 'none is set: a clear reaches the other nodes with their next heartbeat')];
  }
  try {
    return busFindings(await probeBus(cluster, busUrl, signal), Date.now());
  } catch (error) {
    return [
      bus.fail('reachable', messageOf(error), 'is the server running, and is this the URL of its port and its user?'),
    ];
  }
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
