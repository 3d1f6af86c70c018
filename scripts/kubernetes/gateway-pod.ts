import type { IDeployment } from 'kubernetes-models/apps/v1';
import type { IConfigMap, IContainer, IPodSpec, IProbe } from 'kubernetes-models/v1';
import type { Manifest } from './manifests.ts';

/** The Deployment of the gateway as rendered, and what it means to one node. */
export interface GatewayPod {
  readonly deployment: IDeployment;
  readonly labels: Readonly<Record<string, string>>;
  readonly spec: IPodSpec;
  readonly container: IContainer;
  /** Every variable with a value of its own, those of the ConfigMaps included. */
  readonly variables: Readonly<Record<string, string>>;
  /** Every Secret that it needs, with the keys that it names. */
  readonly secrets: ReadonlyMap<string, ReadonlySet<string>>;
  /** The numbers of its ports by name. */
  readonly ports: Readonly<Record<string, number>>;
}

export function gatewayPod(manifests: readonly Manifest[]): GatewayPod {
  const deployment = only(manifests, 'Deployment', 'lockstep-gateway') as unknown as IDeployment;
  const template = deployment.spec?.template;
  const spec = template?.spec;
  const container = spec?.containers[0];
  if (spec === undefined || container === undefined) throw new Error('the Deployment has no container');
  const mapped = (container.envFrom ?? []).flatMap(({ configMapRef }) => {
    const map = only(manifests, 'ConfigMap', configMapRef?.name ?? '') as unknown as IConfigMap;
    return Object.entries(map.data ?? {});
  });
  const own = (container.env ?? []).flatMap(({ name, value }) => (value === undefined ? [] : [[name, value] as const]));
  return {
    deployment,
    labels: template?.metadata?.labels ?? {},
    spec,
    container,
    variables: Object.fromEntries([...mapped, ...own]),
    secrets: secretsOf(spec, container),
    ports: Object.fromEntries((container.ports ?? []).map(({ name, containerPort }) => [name, containerPort])),
  };
}

/** The one object of a kind and a name. */
export function only(manifests: readonly Manifest[], kind: string, name: string): Manifest {
  const found = manifests.filter((manifest) => manifest.kind === kind && manifest.metadata.name === name);
  if (found.length !== 1 || found[0] === undefined) throw new Error(`there are ${found.length} of ${kind} ${name}`);
  return found[0];
}

/** Whether a selector selects what has these labels; one that names nothing is none. */
export function selects(
  selector: Readonly<Record<string, string>> | undefined,
  labels: Readonly<Record<string, string>>,
): boolean {
  return selector !== undefined && Object.entries(selector).every(([name, value]) => labels[name] === value);
}

/** How long a probe may fail before it has failed, in milliseconds. */
export function patienceOf(probe: IProbe | undefined): number {
  return (probe?.periodSeconds ?? 10) * (probe?.failureThreshold ?? 3) * 1_000;
}

function secretsOf(spec: IPodSpec, container: IContainer): GatewayPod['secrets'] {
  const secrets = new Map<string, Set<string>>();
  const need = (name: string | undefined, keys: readonly string[]): void => {
    if (name === undefined) return;
    const known = secrets.get(name) ?? new Set();
    secrets.set(name, known);
    for (const key of keys) known.add(key);
  };
  for (const { valueFrom } of container.env ?? []) {
    if (valueFrom?.secretKeyRef) need(valueFrom.secretKeyRef.name, [valueFrom.secretKeyRef.key]);
  }
  for (const { secret } of spec.volumes ?? [])
    need(
      secret?.secretName,
      (secret?.items ?? []).map(({ key }) => key),
    );
  return secrets;
}
