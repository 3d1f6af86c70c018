import { readFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { ConfigError } from '@lockstep/cache';
import type { ConfigLocation, ConfigProblem, GatewayConfig, Parsed } from '@lockstep/config';
import { formatProblems, loadGatewayConfig, locateConfig, redactConfig } from '@lockstep/config';
import type { Logger } from 'pino';
import type { ConfigSource } from './config/config-source.ts';
import { FileSource } from './config/file-source.ts';
import { HttpSource } from './config/http-source.ts';
import type { LiveConfigOrigin } from './config/live-config.ts';
import { createLogger } from './log.ts';
import { onSignals } from './shutdown.ts';
import type { Telemetry } from './telemetry/sdk.ts';
import type { TelemetrySettings } from './telemetry/settings.ts';
import { readTelemetrySettings } from './telemetry/settings.ts';
import { VERSION } from './version.ts';
import type { GatewayNode } from './wiring.ts';
import { startNode } from './wiring.ts';

const USAGE = `Usage: lockstep-gateway --config FILE

Runs one node of an MCP gateway.

  --config FILE   the configuration: a file, or an http(s) URL (or LOCKSTEP_CONFIG)
  --print-config  print what the configuration comes to, secrets masked, and exit
  --help          print this and exit
`;
/** The configuration, or an argument, cannot be used. */
const EXIT_USAGE = 2;
const EXIT_FAILED = 1;

const started = await readConfig();
if (started !== undefined) await run(started);

interface Started {
  readonly config: GatewayConfig;
  readonly origin: LiveConfigOrigin;
}

/** The configuration, and where it comes from; undefined where there is nothing to run, and the exit code says why. */
async function readConfig(): Promise<Started | undefined> {
  const given = readArguments();
  if (given === undefined) return undefined;
  const located = locateConfig(given.config, process.env);
  if (!located.ok) return refuse(located.problems);
  const source = located.value && openSource(located.value);
  const read = source?.read(new AbortController().signal) ?? Promise.resolve('');
  const text = await read.catch((error: unknown) => error as Error);
  const parse = (content: string | Error): Parsed<GatewayConfig> =>
    loadGatewayConfig({
      file: source?.name,
      environment: process.env,
      readText: (path) => {
        if (path !== source?.name) return readFileSync(path, 'utf8');
        if (content instanceof Error) throw content;
        return content;
      },
    });
  const loaded = parse(text ?? '');
  if (!loaded.ok) return refuse(loaded.problems);
  if (given.print) process.stdout.write(`${JSON.stringify(redactConfig(loaded.value), undefined, 2)}\n`);
  return given.print || source === undefined ? undefined : { config: loaded.value, origin: { source, parse } };
}

/** The arguments; undefined where they cannot be used, or nothing is to be run. */
function readArguments(): { readonly config: string | undefined; readonly print: boolean } | undefined {
  try {
    const options = {
      config: { type: 'string' },
      'print-config': { type: 'boolean' },
      help: { type: 'boolean' },
    } as const;
    const { values } = parseArgs({ options });
    if (values.help !== true) return { config: values.config, print: values['print-config'] === true };
    process.stdout.write(USAGE);
  } catch (error) {
    process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n\n${USAGE}`);
    process.exitCode = EXIT_USAGE;
  }
  return undefined;
}

function openSource(location: ConfigLocation): ConfigSource {
  return location.kind === 'file' ? new FileSource(location.path) : new HttpSource(location);
}

function refuse(problems: readonly ConfigProblem[]): undefined {
  process.stderr.write(formatProblems(problems));
  process.exitCode = EXIT_USAGE;
  return undefined;
}

async function run({ config, origin }: Started): Promise<void> {
  const telemetry = readTelemetrySettings(process.env);
  if (!telemetry.ok) return refuse(telemetry.problems);
  const logger = createLogger(config.logLevel);
  process.on('unhandledRejection', (error) => {
    logger.error({ reason: error instanceof Error ? error.message : String(error) }, 'a failure that nobody handled');
  });
  for (const note of config.notes) logger.warn({ note }, 'note on the configuration');
  try {
    let node: GatewayNode | undefined;
    // From here on: its default would end the process. A node that has just started looks by itself.
    process.on('SIGHUP', () => void node?.reload());
    const started = await openTelemetry(telemetry.value, logger);
    node = await startNode(config, logger, origin);
    const exit = (code: number): void => process.exit(code);
    onSignals(node, { ...config.drain, logger, exit, endTelemetry: started?.shutdown });
    logger.info({ node: node.nodeId, url: node.url, adminUrl: node.adminUrl }, 'listening');
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    logger.fatal({ reason }, 'this node cannot start');
    process.stderr.write(`This node cannot start: ${reason}\n`);
    process.exit(error instanceof ConfigError ? EXIT_USAGE : EXIT_FAILED);
  }
}

/** Telemetry before anything takes a meter; where none is asked for, nothing of it is loaded. */
async function openTelemetry(settings: TelemetrySettings | undefined, logger: Logger): Promise<Telemetry | undefined> {
  if (settings === undefined) return undefined;
  const { startTelemetry } = await import('./telemetry/sdk.ts');
  const telemetry = await startTelemetry({ settings, environment: process.env, version: VERSION, logger });
  const kinds = (exporters: readonly { readonly kind: string }[]) => exporters.map(({ kind }) => kind);
  const { scrapeUrl } = telemetry;
  logger.info({ traces: kinds(settings.traces), metrics: kinds(settings.metrics), scrapeUrl }, 'telemetry is on');
  return telemetry;
}
