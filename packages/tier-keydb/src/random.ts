import { randomUUID } from 'node:crypto';

/**
 * 64 random bits as 16 hexadecimal characters. They come from a UUID, which has them at both ends: Node keeps
 * randomness ready for UUIDs, while `randomBytes` sets up a job for each call, which takes four times as long.
 */
export function randomHex64(): string {
  const uuid = randomUUID();
  return uuid.slice(0, 8) + uuid.slice(-8);
}
