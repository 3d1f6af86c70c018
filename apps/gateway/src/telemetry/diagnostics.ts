import type { Environment } from '@lockstep/config';
import type { DiagLogger } from '@opentelemetry/api';
import type { Logger } from 'pino';

const REPEATED_EVERY_MS = 60_000;
const KINDS_MAX = 64;
const TEXT_LENGTH_MAX = 400;
/** Shorter ones would also be found where they are not meant. */
const SECRET_LENGTH_MIN = 4;

/**
 * What the OpenTelemetry SDK has to say, for the log: without the values of headers and what is secret of a URL; of
 * messages that differ in numbers alone, one a minute.
 */
export class Diagnostics implements DiagLogger {
  readonly #logger: Logger;
  readonly #secrets: readonly string[];
  /** When a message of a kind was last written. */
  readonly #writtenMs: Map<string, number> = new Map();

  constructor(logger: Logger, environment: Environment) {
    this.#logger = logger.child({ component: 'opentelemetry' });
    this.#secrets = secretsOf(environment);
  }

  /** An error that the SDK caught: of what failed to be sent, its message alone. */
  readonly caught = (error: unknown): void => {
    this.#write('warn', [error instanceof Error ? error : String(error)]);
  };

  error(...said: unknown[]): void {
    this.#write('error', said);
  }

  warn(...said: unknown[]): void {
    this.#write('warn', said);
  }

  info(...said: unknown[]): void {
    this.#write('debug', said);
  }

  debug(...said: unknown[]): void {
    this.#write('debug', said);
  }

  verbose(...said: unknown[]): void {
    this.#write('trace', said);
  }

  #write(level: 'error' | 'warn' | 'debug' | 'trace', said: readonly unknown[]): void {
    if (!this.#logger.isLevelEnabled(level)) return;
    const text = this.#masked(said.flatMap(shown).join(' ')).slice(0, TEXT_LENGTH_MAX);
    const kind = text.replaceAll(/\d+/g, '0');
    const nowMs = performance.now();
    const lastMs = this.#writtenMs.get(kind);
    if (lastMs !== undefined && nowMs - lastMs < REPEATED_EVERY_MS) return;
    this.#writtenMs.delete(kind);
    this.#writtenMs.set(kind, nowMs);
    const [oldest] = this.#writtenMs.keys();
    if (this.#writtenMs.size > KINDS_MAX && oldest !== undefined) this.#writtenMs.delete(oldest);
    this.#logger[level](text);
  }

  #masked(text: string): string {
    let masked = text;
    for (const secret of this.#secrets) masked = masked.replaceAll(secret, '(secret)');
    return masked.replaceAll(/\/\/[^\s/@]+@/g, '//(secret)@').replaceAll(/\?[^\s'"]+/g, '?(masked)');
  }
}

/** Texts and messages of errors; objects hold what is sent, and are left out. */
function shown(part: unknown): readonly string[] {
  if (typeof part === 'string') return [part];
  return part instanceof Error ? [part.name === 'Error' ? part.message : `${part.name}: ${part.message}`] : [];
}

/** The values that are sent as headers, as they are given and as they are sent. */
function secretsOf(environment: Environment): readonly string[] {
  const given = Object.entries(environment).flatMap(([name, value]) => {
    return /^OTEL_EXPORTER_OTLP_((TRACES|METRICS|LOGS)_)?HEADERS$/.test(name) ? (value ?? '').split(',') : [];
  });
  const values = given
    .map((pair) => pair.slice(pair.indexOf('=') + 1).trim())
    .flatMap((value) => [value, decoded(value)]);
  return [...new Set(values)]
    .filter((value) => value.length >= SECRET_LENGTH_MIN)
    .sort((left, right) => right.length - left.length);
}

function decoded(value: string): string {
  try {
    return decodeURIComponent(value);
  } catch {
    return value;
  }
}
