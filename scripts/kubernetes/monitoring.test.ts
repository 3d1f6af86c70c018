import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { IPrometheusRule, IServiceMonitor } from '@kubernetes-models/prometheus-operator/monitoring.coreos.com/v1';
import type { IConfigMap } from 'kubernetes-models/v1';
import { expect, it, vi } from 'vitest';
import { only, selects } from './gateway-pod.ts';
import { ROOT, render } from './manifests.ts';
import { PROMETHEUS_RULE, prometheusRule } from './prometheus-rule.ts';

// kubectl is a program of its own.
vi.setConfig({ testTimeout: 60_000 });

const NAME = 'lockstep-gateway';
const manifests = render('production');

it('what is monitored is the Service of the metrics, under the name of the job that rules and dashboards have', () => {
  const { spec } = only(manifests, 'ServiceMonitor', NAME) as unknown as IServiceMonitor;
  const { metadata } = only(manifests, 'Service', `${NAME}-metrics`);
  expect(selects(spec?.selector.matchLabels, metadata.labels ?? {})).toBe(true);
  expect(metadata.labels?.[spec?.jobLabel ?? '']).toBe(NAME);
  expect(spec?.endpoints.map(({ port }) => port)).toEqual(['metrics']);
});

it('the PrometheusRule is what the rule files make: run node scripts/kubernetes/prometheus-rule.ts', () => {
  expect(readFileSync(PROMETHEUS_RULE, 'utf8')).toBe(prometheusRule());
  const { spec } = only(manifests, 'PrometheusRule', NAME) as unknown as IPrometheusRule;
  const rules = (spec?.groups ?? []).flatMap((group) => group.rules ?? []);
  expect(rules.some(({ alert }) => alert === 'LockstepNodeIncoherent')).toBe(true);
});

it('every dashboard is in a ConfigMap with the label of the sidecar', () => {
  const maps = manifests.filter(({ metadata }) => metadata.labels?.['grafana_dashboard'] === '1');
  const held = maps.flatMap((map) => Object.entries((map as unknown as IConfigMap).data ?? {}));
  const folder = join(ROOT, 'infra/grafana/dashboards');
  const files = readdirSync(folder).map((file) => [file, readFileSync(join(folder, file), 'utf8')]);
  expect(held.sort()).toEqual(files.sort());
});
