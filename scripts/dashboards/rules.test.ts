/** The files of infra/prometheus, each shown to promtool. */
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { findBinary } from '@lockstep/testkit';
import { expect, it } from 'vitest';

const FOLDER = join(import.meta.dirname, '../../infra/prometheus');
const TIMEOUT_MS = 30_000;
const PROMTOOL = {
  variable: 'PROMTOOL',
  names: ['promtool'],
  install: 'Prometheus (Debian: apt-get install prometheus)',
};

function promtool(...args: string[]): void {
  const { status, stdout, stderr } = spawnSync(findBinary(PROMTOOL), args, { cwd: FOLDER, encoding: 'utf8' });
  expect(status, `${stdout}${stderr}`).toBe(0);
}

const alertsIn = (file: string, pattern: RegExp): string[] =>
  [...readFileSync(join(FOLDER, 'rules', file), 'utf8').matchAll(pattern)].map(([, name = '']) => name).sort();

it('promtool takes the configuration and the rules', { timeout: TIMEOUT_MS }, () => {
  promtool('check', 'config', '--lint=all', '--lint-fatal', 'prometheus.yml');
  promtool('check', 'rules', '--lint=all', '--lint-fatal', 'rules/lockstep.rules.yml');
});

it('each alert fires when it should, says what it should, and is silent otherwise', { timeout: TIMEOUT_MS }, () => {
  promtool('test', 'rules', 'rules/lockstep.test.yml');
});

it('each alert has a test in which it fires', () => {
  const firing = /alertname: (\w+)\n +exp_alerts:\n +- exp_labels/g;
  expect(alertsIn('lockstep.test.yml', firing)).toEqual(alertsIn('lockstep.rules.yml', /- alert: (\w+)/g));
});
