import { readFileSync } from 'node:fs';
import type { Environment, GatewayConfig, Parsed } from '@lockstep/config';
import { loadGatewayConfig } from '@lockstep/config';
import { TOKEN_VARIABLE, URL_VARIABLE } from '../connection.ts';
import type { Terminal } from '../terminal.ts';

/** Loads a node's configuration from a file and this environment, as the node would. */
export function loadConfig(file: string, terminal: Terminal): Parsed<GatewayConfig> {
  const readText = (path: string): string => readFileSync(path, 'utf8');
  return loadGatewayConfig({ file, environment: environmentOfNode(terminal), readText });
}

/** This environment without the variables of this command, which a node does not know. */
export function environmentOfNode({ environment }: Terminal): Environment {
  const others = Object.entries(environment).filter(([name]) => name !== URL_VARIABLE && name !== TOKEN_VARIABLE);
  return Object.fromEntries(others);
}
