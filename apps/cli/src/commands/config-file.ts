import { readFileSync } from 'node:fs';
import type { GatewayConfig, Parsed } from '@lockstep/config';
import { loadGatewayConfig } from '@lockstep/config';
import type { Terminal } from '../terminal.ts';

/** Loads a node's configuration from a file and this environment, as the node would. */
export function loadConfig(file: string, { environment }: Terminal): Parsed<GatewayConfig> {
  return loadGatewayConfig({ file, environment, readText: (path) => readFileSync(path, 'utf8') });
}
