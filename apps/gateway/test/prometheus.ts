import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { RunningServer } from '@lockstep/testkit';
import { startPrometheus } from '@lockstep/testkit';

const FOLDER = join(import.meta.dirname, '../../../infra/prometheus');

/** A series, with what it was at which times: seconds, and numbers as text. */
export interface Series {
  readonly metric: Readonly<Record<string, string>>;
  readonly values: readonly (readonly [number, string])[];
}

/** A time, in seconds since 1970, to another one, at steps of so many seconds. */
export interface Range {
  readonly from: number;
  readonly to: number;
  readonly step: number;
}

/** A rule as Prometheus has read it. */
export interface Rule {
  readonly type: 'alerting' | 'recording';
  readonly name: string;
  readonly query: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations?: Readonly<Record<string, string>>;
}

/** A running Prometheus with the project's own configuration and rules, but for how often, and what, it scrapes. */
export class Prometheus {
  readonly #server: RunningServer;

  private constructor(server: RunningServer) {
    this.#server = server;
  }

  /** Scrapes these, each second; by the names that `instance` is to have. */
  static async start(targets: Readonly<Record<string, string>>): Promise<Prometheus> {
    const scraped = Object.entries(targets).map(([instance, target]) => ({ targets: [target], labels: { instance } }));
    const config = readFileSync(join(FOLDER, 'prometheus.yml'), 'utf8')
      .replaceAll('_interval: 15s', '_interval: 1s')
      .replace('rules/*', join(FOLDER, 'rules/*'))
      .replace(/static_configs:.*$/s, `static_configs: ${JSON.stringify(scraped)}\n`);
    return new Prometheus(await startPrometheus(config));
  }

  /** What an expression comes to over a time; rejects, with the reason, where it is none. */
  async range(expression: string, { from, to, step }: Range): Promise<readonly Series[]> {
    const parameters = { query: expression, start: String(from), end: String(to), step: String(step) };
    return ((await this.#ask('query_range', parameters)) as { result: Series[] }).result;
  }

  async rules(): Promise<readonly Rule[]> {
    const { groups } = (await this.#ask('rules')) as { groups: { rules: Rule[] }[] };
    return groups.flatMap(({ rules }) => rules);
  }

  async stop(): Promise<void> {
    await this.#server.stop();
  }

  async #ask(path: string, parameters: Record<string, string> = {}): Promise<unknown> {
    const response = await fetch(`${this.#server.url}/api/v1/${path}?${new URLSearchParams(parameters)}`);
    const answer = (await response.json()) as { status: string; data: unknown; error?: string };
    if (answer.status !== 'success') throw new Error(`${answer.error}: ${JSON.stringify(parameters)}`);
    return answer.data;
  }
}

/** The values of series that are numbers. */
export function finiteValues(series: readonly Series[]): readonly number[] {
  return series.flatMap(({ values }) => values.map(([, value]) => Number(value))).filter(Number.isFinite);
}
