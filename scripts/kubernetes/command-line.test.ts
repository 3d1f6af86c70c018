import { execFile } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { INetworkPolicy } from 'kubernetes-models/networking.k8s.io/v1';
import type { IPod } from 'kubernetes-models/v1';
import { afterAll, beforeAll, expect, it, vi } from 'vitest';
import { only, selects } from './gateway-pod.ts';
import type { Manifest } from './manifests.ts';
import { ROOT, render } from './manifests.ts';
import { schemaProblems } from './schema.ts';

// kubectl is a program of its own.
vi.setConfig({ testTimeout: 60_000 });

const readme = readFileSync(join(ROOT, 'infra/k8s/README.md'), 'utf8');
const RUN = /^kubectl --namespace lockstep run lockstep-cli [^`]*?[^\\]$/m;

/** As much of the Kubernetes API as kubectl asks for before it makes a pod. */
const API: Readonly<Record<string, object>> = {
  '/api': { kind: 'APIVersions', versions: ['v1'] },
  '/apis': { kind: 'APIGroupList', apiVersion: 'v1', groups: [] },
  '/api/v1': {
    kind: 'APIResourceList',
    groupVersion: 'v1',
    resources: [{ name: 'pods', singularName: 'pod', namespaced: true, kind: 'Pod', verbs: ['create', 'get'] }],
  },
};

const api = createServer(({ url = '' }, response) => {
  const answer = API[url.split('?')[0] ?? ''];
  response.writeHead(answer === undefined ? 404 : 200, { 'content-type': 'application/json' });
  response.end(JSON.stringify(answer ?? { kind: 'Status', status: 'Failure', code: 404 }));
});

beforeAll(() => new Promise<void>((resolve) => api.listen(0, '127.0.0.1', resolve)));
afterAll(() => new Promise((resolve) => api.close(resolve)));

/** Runs the README's command as far as the pod that it would make. */
async function podOf(command: string): Promise<Manifest> {
  const server = `http://127.0.0.1:${(api.address() as AddressInfo).port}`;
  const dry = command
    .replace(' --rm --stdin --tty', ` --server ${server} --dry-run=client --output json`)
    .replace('$(cat ', `$(cat ${ROOT}/`);
  const { stdout } = await promisify(execFile)('bash', ['-c', dry], {
    cwd: '/',
    env: { ...process.env, HOME: '/nowhere' },
  });
  // A dry run says `null` where the API server would say when.
  return JSON.parse(stdout, (_, value: unknown) => value ?? undefined) as Manifest;
}

it('the command line of the README is a pod that Kubernetes takes, and that the policy lets in to the admin API', async () => {
  const command = RUN.exec(readme)?.[0] ?? '';
  const pod = await podOf(command);
  expect(await schemaProblems([pod])).toEqual([]);
  const policy = only(render('production'), 'NetworkPolicy', 'lockstep-gateway') as unknown as INetworkPolicy;
  const door = policy.spec?.ingress?.find(({ ports = [] }) => ports.some(({ port }) => port === 'admin'));
  expect(door?.from?.some(({ podSelector }) => selects(podSelector?.matchLabels, pod.metadata.labels ?? {}))).toBe(
    true,
  );
  const { spec } = pod as unknown as IPod;
  const [container, ...others] = spec?.containers ?? [];
  expect(others).toEqual([]);
  expect(container?.args?.slice(0, 3)).toEqual(['cache', 'clear', 'tools']);
  expect(container?.env?.map(({ name }) => name)).toEqual(['LOCKSTEP_ADMIN_URL', 'LOCKSTEP_ADMIN_TOKEN']);
  expect(container?.securityContext).toMatchObject({ readOnlyRootFilesystem: true, capabilities: { drop: ['ALL'] } });
});

it('every file and folder that a command of the README names is there', () => {
  const commands = [...readme.matchAll(/```sh\n([\s\S]*?)```/g)].map(([, block]) => block).join('\n');
  const named = commands.match(/(?:infra|apps|scripts)\/[\w./-]+/g) ?? [];
  expect(named.length).toBeGreaterThan(5);
  const made = ['infra/compose/.state/node/secret', 'infra/compose/.state/node/gateway.json'];
  expect(named.filter((path) => !made.includes(path) && !existsSync(join(ROOT, path)))).toEqual([]);
});
