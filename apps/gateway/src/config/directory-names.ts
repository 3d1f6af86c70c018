import { createHash } from 'node:crypto';
import type { GatewayDefinition, GatewayDirectory, GatewayKey } from '@lockstep/config';

/** The revision of a whole directory: another one where anything in it is. */
export function revisionOf(directory: GatewayDirectory): string {
  return shortHash(JSON.stringify(directory));
}

/**
 * The name of what a key grants, in the caches: another one where it opens another gateway or may do other things there.
 * The key itself goes nowhere.
 */
export function grantName({ key, gatewayId, role }: GatewayKey): string {
  return shortHash(JSON.stringify([key, gatewayId, role]));
}

/** The name of a gateway's configuration in the caches: another one where anything in it is another. */
export function configName(gateway: GatewayDefinition): string {
  return `${shortHash(JSON.stringify(gateway))}:${gateway.id}`;
}

function shortHash(text: string): string {
  return createHash('sha256').update(text).digest('hex').slice(0, 32);
}
