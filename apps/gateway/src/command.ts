import { readFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { ConfigError } from '@lockstep/cache';
import type { GatewayConfig } from '@lockstep/config';
import { formatProblems, loadGatewayConfig, redactConfig } from '@lockstep/config';
import { createLogger } from './log.ts';
import { onSignals } from './shutdown.ts';
import { startNode } from './wiring.ts';

const USAGE = `Usage: lockstep-gateway --config FILE

Runs one node of an MCP gateway.

  --config FILE   the configuration (or LOCKSTEP_CONFIG)
  --print-config  print what the configuration comes to, secrets masked, and exit
  --help          print this and exit
`;
/** The configuration, or an argument, cannot be used. */
const EXIT_USAGE = 2;
const EXIT_FAILED = 1;

const config = readConfig();
if (config !== undefined) await run(config);

/** The configuration; undefined where there is nothing to run, and the exit code says why. */
function readConfig(): GatewayConfig | undefined {
  let file: string | undefined;
  let print = false;
  try {
    const options = {
      config: { type: 'string' },
      'print-config': { type: 'boolean' },
      help: { type: 'boolean' },
    } as const;
    const { values } = parseArgs({ options });
    if (values.help === true) {
      process.stdout.write(USAGE);
      return undefined;
    }
    file = values.config;
    print = values['print-config'] === true;
  } catch (error) {
    process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n\n${USAGE}`);
    process.exitCode = EXIT_USAGE;
    return undefined;
  }
  const readText = (path: string): string => readFileSync(path, 'utf8');
  const loaded = loadGatewayConfig({ file, environment: process.env, readText });
  if (!loaded.ok) {
    process.stderr.write(formatProblems(loaded.problems));
    process.exitCode = EXIT_USAGE;
    return undefined;
  }
  if (print) process.stdout.write(`${JSON.stringify(redactConfig(loaded.value), undefined, 2)}\n`);
  return print ? undefined : loaded.value;
}

async function run(config: GatewayConfig): Promise<void> {
  const logger = createLogger(config.logLevel);
  process.on('unhandledRejection', (error) => {
    logger.error({ reason: error instanceof Error ? error.message : String(error) }, 'a failure that nobody handled');
  });
  for (const note of config.notes) logger.warn({ note }, 'note on the configuration');
  try {
    const node = await startNode(config, logger);
    onSignals(node, { logger, exit: (code) => process.exit(code) });
    logger.info({ node: node.nodeId, url: node.url, adminUrl: node.adminUrl }, 'listening');
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    logger.fatal({ reason }, 'this node cannot start');
    process.stderr.write(`This node cannot start: ${reason}\n`);
    process.exit(error instanceof ConfigError ? EXIT_USAGE : EXIT_FAILED);
  }
}
