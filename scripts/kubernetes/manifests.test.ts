import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { formatProblems, loadGatewayConfig } from '@lockstep/config';
import type { IHorizontalPodAutoscaler } from 'kubernetes-models/autoscaling/v2';
import type { INetworkPolicy } from 'kubernetes-models/networking.k8s.io/v1';
import type { IPodDisruptionBudget } from 'kubernetes-models/policy/v1';
import type { IService } from 'kubernetes-models/v1';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { parse } from 'yaml';
import { gatewayPod, only, patienceOf, selects } from './gateway-pod.ts';
import { OVERLAYS, ROOT, render } from './manifests.ts';
import { schemaProblems } from './schema.ts';

// The compiler and kubectl are programs of their own.
vi.setConfig({ testTimeout: 60_000 });

/** Variables that the OpenTelemetry specification and SDKs know, of those that are set here. */
const OPENTELEMETRY =
  /^OTEL_(SERVICE_NAME|RESOURCE_ATTRIBUTES|(TRACES|METRICS)_EXPORTER|TRACES_SAMPLER(_ARG)?|EXPORTER_OTLP_(ENDPOINT|PROTOCOL)|EXPORTER_PROMETHEUS_(HOST|PORT))$/;
const NAME = 'lockstep-gateway';
const certificates = join(mkdtempSync(join(tmpdir(), 'lockstep-tls-')), 'made');
const readme = readFileSync(join(ROOT, 'infra/k8s/README.md'), 'utf8');

beforeAll(() => {
  execFileSync(join(ROOT, 'infra/tls/prepare'), [certificates, 'production', 'tier', 'lockstep-nats']);
});

afterAll(() => rmSync(dirname(certificates), { recursive: true }));

it('the bus of the values lets nodes publish and hear the subject of the cluster that production is, and no other', () => {
  const { variables } = gatewayPod(render('production'));
  const values = parse(readFileSync(join(ROOT, 'infra/k8s/values/nats.yaml'), 'utf8')) as Values;
  const subject = `lockstep.${variables['LOCKSTEP_CLUSTER']}.inv`;
  const [user, ...others] = values.config.merge.authorization.users;
  expect(user?.permissions).toEqual({ publish: subject, subscribe: subject });
  expect(others).toEqual([]);
});

it('a checker of manifests finds a field that is not known, a value that is not allowed, and one that is missing', async () => {
  const spoil = (change: (deployment: Record<string, unknown>) => void) => {
    const deployment = structuredClone(only(render('dev'), 'Deployment', NAME));
    change((deployment as unknown as { spec: Record<string, unknown> }).spec);
    return schemaProblems([deployment]);
  };
  expect(await spoil(() => undefined)).toEqual([]);
  expect((await spoil((spec) => Object.assign(spec, { replica: 3 }))).join()).toContain('\'"replica"\' does not exist');
  expect((await spoil((spec) => Object.assign(spec, { replicas: 'three' })))[0]).toContain('must be integer');
  expect((await spoil((spec) => delete spec['selector']))[0]).toContain('selector');
});

describe.each(OVERLAYS)('the overlay %s', (overlay) => {
  const isTls = overlay === 'production-tls';
  const manifests = render(overlay);
  const pod = gatewayPod(manifests);
  const { container, deployment, spec } = pod;
  const ofKind = <T>(kind: string) => manifests.filter((manifest) => manifest.kind === kind) as unknown as readonly T[];

  it('is what the schemas of Kubernetes and of the Prometheus Operator take, and nothing they do not know', async () => {
    expect(await schemaProblems(manifests)).toEqual([]);
  });

  it('names each object once, and puts all of them into one namespace', () => {
    const names = manifests.map(({ kind, metadata }) => `${kind}/${metadata.name}`);
    expect(new Set(names).size).toBe(names.length);
    const placed = manifests.filter(({ kind }) => kind !== 'Namespace');
    expect(new Set(placed.map(({ metadata }) => metadata.namespace)).size).toBe(1);
  });

  it('has Services, a budget, policies and spread that select the pods', () => {
    expect(selects(deployment.spec?.selector.matchLabels, pod.labels)).toBe(true);
    const services = ofKind<IService>('Service').filter(({ metadata }) => metadata?.name?.startsWith(NAME));
    expect(services.map(({ metadata }) => metadata?.name).sort()).toEqual([NAME, `${NAME}-admin`, `${NAME}-metrics`]);
    for (const { spec: service } of services) {
      expect(selects(service?.selector, pod.labels)).toBe(true);
      for (const { targetPort, port } of service?.ports ?? []) expect(pod.ports[String(targetPort)]).toBe(port);
    }
    const budget = only(manifests, 'PodDisruptionBudget', NAME) as unknown as IPodDisruptionBudget;
    const policy = only(manifests, 'NetworkPolicy', NAME) as unknown as INetworkPolicy;
    const spread = spec.topologySpreadConstraints ?? [];
    expect(spread.map(({ topologyKey }) => topologyKey)).toEqual([
      'topology.kubernetes.io/zone',
      'kubernetes.io/hostname',
    ]);
    for (const selector of [
      budget.spec?.selector,
      policy.spec?.podSelector,
      ...spread.map((one) => one.labelSelector),
    ]) {
      expect(selects(selector?.matchLabels, pod.labels)).toBe(true);
    }
    const allowed = (policy.spec?.ingress ?? []).flatMap(({ ports = [] }) => ports.map(({ port }) => port));
    expect(allowed.sort()).toEqual(Object.keys(pod.ports).sort());
  });

  it('lets a node reach the tier and the bus that are deployed or described with it, and both let it in', () => {
    const policies = ofKind<INetworkPolicy>('NetworkPolicy');
    const node = only(manifests, 'NetworkPolicy', NAME) as unknown as INetworkPolicy;
    for (const [server, port] of [
      ['keydb', 6379],
      ['nats', 4222],
    ] as const) {
      const labels = { 'app.kubernetes.io/name': server };
      const out = node.spec?.egress?.find(({ to = [] }) =>
        to.some(({ podSelector }) => selects(podSelector?.matchLabels, labels)),
      );
      expect(out?.ports?.map((one) => one.port)).toEqual([port]);
      for (const guard of policies.filter(({ spec: its }) => selects(its?.podSelector?.matchLabels, labels))) {
        const doors = (guard.spec?.ingress ?? []).filter(({ ports = [] }) => ports.some((one) => one.port === port));
        const admitted = doors.flatMap(({ from = [] }) => from.map(({ podSelector }) => podSelector?.matchLabels));
        expect(admitted.some((selector) => selects(selector, pod.labels))).toBe(true);
      }
    }
  });

  it('probes ports that there are, each for what it means', () => {
    const probes = [container.startupProbe, container.readinessProbe, container.livenessProbe];
    expect(probes.map((probe) => probe?.httpGet?.path)).toEqual(['/startupz', '/readyz', '/healthz']);
    for (const probe of probes) expect(pod.ports).toHaveProperty(String(probe?.httpGet?.port));
  });

  it('fails a rollout before a new pod that cannot reach its cluster replaces anybody, and before it is killed', () => {
    expect(deployment.spec?.strategy).toEqual({
      type: 'RollingUpdate',
      rollingUpdate: { maxSurge: 1, maxUnavailable: 0 },
    });
    const patienceMs = Number(pod.variables['LOCKSTEP_START_PATIENCE_MS']);
    const preloadMs = Number(pod.variables['LOCKSTEP_PRELOAD_TIMEOUT_MS']);
    expect((deployment.spec?.progressDeadlineSeconds ?? 600) * 1_000).toBeLessThanOrEqual(patienceMs - 60_000);
    expect(patienceOf(container.startupProbe)).toBeGreaterThan(patienceMs + preloadMs + 10_000);
  });

  it('gives a pod that leaves the time for it', () => {
    const sleepMs = (container.lifecycle?.preStop?.sleep?.seconds ?? 0) * 1_000;
    const graceMs = (spec.terminationGracePeriodSeconds ?? 30) * 1_000;
    const [delayMs, timeoutMs, callMs] = ['DRAIN_DELAY', 'DRAIN_TIMEOUT', 'TOOL_CALL_TIMEOUT'].map((name) =>
      Number(pod.variables[`LOCKSTEP_${name}_MS`]),
    ) as [number, number, number];
    expect(sleepMs).toBeGreaterThanOrEqual(5_000);
    expect(timeoutMs).toBeGreaterThanOrEqual(callMs);
    expect(graceMs).toBeGreaterThanOrEqual(sleepMs + delayMs + timeoutMs + closingMs() + 5_000);
  });

  it('sets variables that a node and OpenTelemetry know, and a node starts with them', () => {
    const { variables } = pod;
    const names = Object.keys(variables).filter((name) => name.startsWith('OTEL_'));
    expect(names.filter((name) => !OPENTELEMETRY.test(name))).toEqual([]);
    // Or Kubernetes would add LOCKSTEP_ variables of its own, for each Service whose name begins like that.
    expect(spec.enableServiceLinks).toBe(false);
    const urls = isTls
      ? { LOCKSTEP_TIER_URL: 'rediss://a:b@tier:6379', LOCKSTEP_BUS_URL: 'tls://a:b@lockstep-nats:4222' }
      : { LOCKSTEP_TIER_URL: 'redis://:a@lockstep-keydb:6379', LOCKSTEP_BUS_URL: 'nats://a:b@lockstep-nats:4222' };
    const environment = { ...variables, ...urls };
    const readText = (path: string) => {
      if (path === variables['LOCKSTEP_CONFIG']) return '{}';
      if (path === variables['LOCKSTEP_SECRET_FILE']) return 'x'.repeat(64);
      return readFileSync(path.replace('/etc/lockstep/tls', join(certificates, 'node')), 'utf8');
    };
    const loaded = loadGatewayConfig({ environment, readText });
    if (!loaded.ok) throw new Error(formatProblems(loaded.problems));
    const { port, admin } = loaded.value;
    expect({ mcp: port, admin: admin.port, metrics: Number(variables['OTEL_EXPORTER_PROMETHEUS_PORT']) }).toEqual(
      pod.ports,
    );
    const namespace = deployment.metadata?.namespace;
    const service = `${NAME}-admin`;
    const named = ['', `.${namespace}`, `.${namespace}.svc`, `.${namespace}.svc.cluster.local`];
    expect(admin.hosts).toEqual(named.map((suffix) => `${service}${suffix}`));
  });

  it('has no Secret in it, and needs those that the README creates', () => {
    expect(ofKind('Secret')).toEqual([]);
    const names = ['lockstep-cluster', 'lockstep-gateway', 'lockstep-servers', ...(isTls ? ['lockstep-tls'] : [])];
    expect([...pod.secrets.keys()].sort()).toEqual(names);
    for (const [secret, keys] of pod.secrets) {
      const created = readme.split(`create secret generic ${secret}`)[1]?.split('\n\n')[0];
      for (const key of keys) expect(created).toContain(key);
    }
    const mounted = Object.fromEntries((container.volumeMounts ?? []).map((mount) => [mount.name, mount]));
    for (const { name, secret } of (spec.volumes ?? []).filter((volume) => volume.secret)) {
      expect(mounted[name]).toMatchObject({ readOnly: true });
      expect(mounted[name]).not.toHaveProperty('subPath');
      expect(secret?.defaultMode).toBe(0o440);
    }
  });

  it('runs without any privilege, and without a token of the Kubernetes API', () => {
    expect(spec.automountServiceAccountToken).toBe(false);
    expect(only(manifests, 'ServiceAccount', spec.serviceAccountName ?? '')).toMatchObject({
      automountServiceAccountToken: false,
    });
    expect(spec.securityContext).toMatchObject({
      runAsNonRoot: true,
      runAsUser: 1000,
      seccompProfile: { type: 'RuntimeDefault' },
    });
    expect(container.securityContext).toMatchObject({
      allowPrivilegeEscalation: false,
      readOnlyRootFilesystem: true,
      capabilities: { drop: ['ALL'] },
    });
    expect(container.resources?.requests).toHaveProperty('cpu');
    const limitMb = Number(/^(\d+)Mi$/.exec(String(container.resources?.limits?.['memory']))?.[1]);
    const heapMb = Number(/--max-old-space-size=(\d+)/.exec(pod.variables['NODE_OPTIONS'] ?? '')?.[1]);
    expect(heapMb + 200).toBeLessThan(limitMb);
    expect(container.image).toMatch(/:[^:]+$/);
    expect(container.image).not.toMatch(/:latest$/);
  });

  it('is scaled by the autoscaler, or by its own number, and not by both', () => {
    const scalers = ofKind<IHorizontalPodAutoscaler>('HorizontalPodAutoscaler');
    expect(scalers).toHaveLength(deployment.spec?.replicas === undefined ? 1 : 0);
    for (const { spec: scaler } of scalers) {
      expect(scaler?.scaleTargetRef).toEqual({ apiVersion: 'apps/v1', kind: 'Deployment', name: NAME });
      expect(scaler?.behavior?.scaleDown?.policies).toEqual([{ type: 'Pods', value: 1, periodSeconds: 120 }]);
    }
  });
});

interface Values {
  readonly config: { readonly merge: { readonly authorization: { readonly users: readonly User[] } } };
}

interface User {
  readonly permissions: Readonly<Record<'publish' | 'subscribe', string>>;
}

/** How long a node takes to close at most once it has drained, by its source. */
function closingMs(): number {
  const source = readFileSync(join(ROOT, 'apps/gateway/src/shutdown.ts'), 'utf8');
  const found = /const CLOSE_MS = ([\d_]+);/.exec(source)?.[1];
  if (found === undefined) throw new Error('apps/gateway/src/shutdown.ts says no more how long closing takes');
  return Number(found.replaceAll('_', ''));
}
