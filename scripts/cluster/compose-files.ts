import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from 'yaml';

/** What a service of infra/compose says of itself, as far as it is looked at. */
export interface ComposeService {
  readonly image?: string;
  readonly environment?: Readonly<Record<string, string>>;
  readonly volumes?: readonly string[];
  readonly ports?: readonly string[];
  readonly healthcheck?: object;
}

const infra = join(import.meta.dirname, '../../infra');

/** A YAML file of infra. */
export function fileOf(path: string): Readonly<Record<string, unknown>> {
  return parse(readFileSync(join(infra, path), 'utf8'), { merge: true });
}

/** The services of compose.yaml and observability.yaml together; of one in both, the variables of both. */
export function composeServices(): Readonly<Record<string, ComposeService>> {
  const services: Record<string, ComposeService> = {};
  for (const path of ['compose/compose.yaml', 'compose/observability.yaml']) {
    for (const [name, service] of Object.entries(fileOf(path)['services'] as Record<string, ComposeService>)) {
      const environment = { ...services[name]?.environment, ...service.environment };
      services[name] = { ...services[name], ...service, environment };
    }
  }
  return services;
}
