import { ConfigError } from '@lockstep/core';
import { Tracing } from '@lockstep/telemetry';
import { Background } from './background.ts';
import { KeyRing } from './key-ring.ts';
import { join, startEngine } from './lifecycle.ts';
import { Lockstep } from './lockstep.ts';
import type { LockstepOptions } from './node-config.ts';
import { resolveNode, SECRET_LENGTH_MIN } from './node-config.ts';
import { NullBus, NullTier } from './null-tier.ts';
import { deriveSecrets } from './secret.ts';
import { SystemClock, silentLogger, systemRandom, systemTimers } from './system.ts';

/**
 * Opens a node. With a tier it joins the cluster; when the tier does not answer in `joinTimeout` the node opens all the
 * same, says so in `coherence`, and joins by itself later.
 *
 * Rejects with `config-invalid` when an option cannot be used (tier and bus are closed then), and with `settings-differ`
 * when this node's partitions, secret or Δ do not fit the cluster it finds.
 */
export async function openLockstep(options: LockstepOptions = {}): Promise<Lockstep> {
  const { config, problems } = resolveNode(options);
  if (problems.length > 0) {
    await Promise.all([options.tier?.close(), options.bus?.close()]);
    throw new ConfigError(`openLockstep has wrong options: ${problems.join('; ')}`);
  }
  const { logger = silentLogger, random = systemRandom, clock = new SystemClock(), encryptionKeys = [] } = options;
  const engine = startEngine(
    {
      clock,
      timers: options.timers ?? systemTimers,
      random,
      logger,
      tier: options.tier ?? new NullTier(clock),
      bus: options.bus ?? new NullBus(),
      background: new Background(logger),
      secrets: deriveSecrets(options.secret ?? random.hex(SECRET_LENGTH_MIN)),
      keys: new KeyRing(encryptionKeys, { random, clock, logger }),
      tracing: new Tracing(config.tracing),
      partitions: config.partitions,
      deltaMs: config.deltaMs,
      deltaMaxMs: config.deltaMaxMs,
      shared: options.tier !== undefined,
    },
    config,
  );
  await join(engine, config.joinTimeoutMs);
  return new Lockstep(engine);
}
