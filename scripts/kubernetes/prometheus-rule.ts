/**
 * Makes infra/k8s/monitoring/prometheus-rule.yaml of the rule files of infra/prometheus, which Kustomize can neither read
 * nor wrap: `node scripts/kubernetes/prometheus-rule.ts` writes it, and a test holds the two together.
 */
import { globSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse, stringify } from 'yaml';
import { ROOT } from './manifests.ts';

const RULES = 'infra/prometheus/rules/*.rules.yml';
const HEAD = `# Made of ${RULES} by scripts/kubernetes/prometheus-rule.ts: change those, and run it.\n`;

/** Where the object is. */
export const PROMETHEUS_RULE: string = join(ROOT, 'infra/k8s/monitoring/prometheus-rule.yaml');

/** What the file is to hold: every group of every rule file. */
export function prometheusRule(): string {
  const files = globSync(join(ROOT, RULES)).sort();
  const groups = files.flatMap((file) => (parse(readFileSync(file, 'utf8')) as { groups: readonly unknown[] }).groups);
  const labels = {
    'app.kubernetes.io/name': 'lockstep-gateway',
    'app.kubernetes.io/part-of': 'lockstep',
    release: 'kube-prometheus-stack',
  };
  const rule = {
    apiVersion: 'monitoring.coreos.com/v1',
    kind: 'PrometheusRule',
    metadata: { name: 'lockstep-gateway', labels },
    spec: { groups },
  };
  return `${HEAD}${stringify(rule, { lineWidth: 0 })}`;
}

if (process.argv[1] === import.meta.filename) writeFileSync(PROMETHEUS_RULE, prometheusRule());
