import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Manifest } from './manifests.ts';
import { ROOT } from './manifests.ts';

/** Where the schemas of kinds come from that are not Kubernetes' own. */
const OTHERS: Readonly<Record<string, string>> = {
  'monitoring.coreos.com': '@kubernetes-models/prometheus-operator',
};

/** A class of kubernetes-models: its `validate` throws with what the schema says of the data. */
type Model = new (data: Manifest) => { validate(): void };

/**
 * Holds manifests against the schemas of Kubernetes' API and of the custom resources, and answers every problem: what is
 * missing or has a wrong value, by the schemas; what the schemas do not know, by their types, whose compiler refuses the field
 * of an object that its type does not have. The API server takes such a field, and ignores it.
 */
export async function schemaProblems(manifests: readonly Manifest[]): Promise<readonly string[]> {
  const values = await Promise.all(manifests.map(valueProblem));
  return [...values.filter((problem) => problem !== undefined), ...typeProblems(manifests)];
}

async function valueProblem(manifest: Manifest): Promise<string | undefined> {
  const { kind, metadata } = manifest;
  const models = (await import(moduleOf(manifest))) as Readonly<Record<string, Model | undefined>>;
  const Kind = models[kind];
  if (Kind === undefined) return `${kind} ${metadata.name}: ${manifest.apiVersion} has no such kind`;
  try {
    new Kind(manifest).validate();
    return undefined;
  } catch (error) {
    return `${kind} ${metadata.name}: ${error instanceof Error ? error.message : String(error)}`;
  }
}

function typeProblems(manifests: readonly Manifest[]): readonly string[] {
  const folder = mkdtempSync(join(tmpdir(), 'lockstep-manifests-'));
  try {
    symlinkSync(join(ROOT, 'node_modules'), join(folder, 'node_modules'));
    const names = manifests.map(
      ({ kind, metadata }, index) => `${kind}_${index}_${metadata.name.replaceAll(/\W/g, '_')}`,
    );
    const lines = manifests.map((manifest, index) => {
      const type = `import('${moduleOf(manifest)}').I${manifest.kind}`;
      return `export const ${names[index]}: ${type} = ${JSON.stringify(manifest)};`;
    });
    const file = join(folder, 'manifests.mts');
    writeFileSync(file, lines.join('\n'));
    const options = ['--noEmit', '--strict', '--skipLibCheck', '--pretty', 'false', '--module', 'nodenext'];
    const { stdout, error } = spawnSync(join(ROOT, 'node_modules/.bin/tsc'), [...options, file], { encoding: 'utf8' });
    if (error !== undefined) throw error;
    const problems = stdout.split('\n').filter((line) => line !== '');
    return problems.map((line) => line.replace(/^.*?\((\d+),\d+\): error /, (_, at) => `${names[Number(at) - 1]}: `));
  } finally {
    rmSync(folder, { recursive: true });
  }
}

function moduleOf({ apiVersion }: Manifest): string {
  const vendor = OTHERS[apiVersion.split('/')[0] ?? ''];
  return `${vendor ?? 'kubernetes-models'}/${apiVersion}`;
}
