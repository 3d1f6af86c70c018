import type { LockstepOptions } from '@lockstep/cache';
import type { LogLevel } from '@lockstep/config';
import type { Logger } from 'pino';
import { pino } from 'pino';
import { traceIds } from './telemetry/trace-ids.ts';

/**
 * The node's log: JSON lines on standard output, with the ids of the span that they are written under. Callers log names,
 * codes and counts; never keys, values, secrets.
 */
export function createLogger(level: LogLevel): Logger {
  return pino({
    level,
    base: { app: 'lockstep-gateway', pid: process.pid },
    timestamp: pino.stdTimeFunctions.isoTime,
    mixin: traceIds,
    formatters: { level: (label) => ({ level: label }) },
  });
}

/** The log as the cache's port has it: message first, and three levels. */
export function cacheLogger(logger: Logger): NonNullable<LockstepOptions['logger']> {
  return {
    info: (message, fields = {}) => logger.info(fields, message),
    warn: (message, fields = {}) => logger.warn(fields, message),
    error: (message, fields = {}) => logger.error(fields, message),
  };
}
