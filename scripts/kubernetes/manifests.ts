import { execFileSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { parseAllDocuments } from 'yaml';

/** The root of the repository. */
export const ROOT: string = fileURLToPath(new URL('../..', import.meta.url));

/** What is deployed as it is: a folder of infra/k8s/overlays. */
export const OVERLAYS = ['dev', 'production', 'production-tls'] as const;
export type Overlay = (typeof OVERLAYS)[number];

/** Any object of Kubernetes. */
export interface Manifest {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: {
    readonly name: string;
    readonly namespace?: string;
    readonly labels?: Readonly<Record<string, string>>;
  };
}

/** Renders an overlay, as `kubectl apply --kustomize` would. */
export function render(overlay: Overlay): readonly Manifest[] {
  const folder = `infra/k8s/overlays/${overlay}`;
  try {
    return parseManifests(execFileSync('kubectl', ['kustomize', folder], { cwd: ROOT, encoding: 'utf8' }));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
    throw new Error('there is no kubectl on the PATH; ./scripts/test finds one, or installs it', { cause: error });
  }
}

/** The objects of a text of YAML documents. */
function parseManifests(text: string): readonly Manifest[] {
  return parseAllDocuments(text).map((document) => {
    if (document.errors.length > 0) throw document.errors[0];
    return document.toJS() as Manifest;
  });
}
