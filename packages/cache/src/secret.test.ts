import { createHmac } from 'node:crypto';
import { expect, test } from 'vitest';
import { deriveSecrets } from './secret.ts';

/** Nodes of two releases share a tier and a bus: what they derive from one secret is a contract between them. */
test('what is derived from a secret stays the same from release to release', () => {
  const secrets = deriveSecrets('a secret that is pinned here');
  expect({
    key: secrets.identifiers.key('tools', 'github'),
    namespace: secrets.identifiers.scope({ namespace: 'tools' }),
    tag: secrets.identifiers.scope({ tag: 'server:github' }),
    fingerprint: secrets.fingerprint,
    digest: secrets.digest('header:', new TextEncoder().encode('payload')),
    mac: Buffer.from(secrets.mac(new TextEncoder().encode('message'))).toString('hex'),
  }).toMatchInlineSnapshot(`
    {
      "digest": "548a50436fe5ef97368c89ec23217369",
      "fingerprint": "c7f0b021ace95fabd6b59e889245a913",
      "key": "70f864ae2e7c6c8d550a12ec9be35ba7",
      "mac": "b500edbf5715dc838342c6f58816e8f4",
      "namespace": "2d4e0118ee961c1a938a4249623fc3b7",
      "tag": "3ea52fa13814c74ec7f387b6a026661f",
    }
  `);
});

test('two secrets have nothing in common', () => {
  const [one, other] = [deriveSecrets('one secret of some length'), deriveSecrets('other secret, same length')];
  expect(one.fingerprint).not.toBe(other.fingerprint);
  expect(one.identifiers.key('n', 'k')).not.toBe(other.identifiers.key('n', 'k'));
  expect(one.digest('x', new Uint8Array())).not.toBe(other.digest('x', new Uint8Array()));
});

test('a digest is an HMAC-SHA-256 under a key for its purpose, whatever its length', () => {
  const secret = 'a secret of some length';
  const { mac, digest } = deriveSecrets(secret);
  const hmac = (purpose: string, ...parts: readonly Uint8Array[]): Buffer => {
    const keyed = createHmac('sha256', createHmac('sha256', secret).update(`lockstep:${purpose}`).digest());
    for (const part of parts) keyed.update(part);
    return keyed.digest();
  };
  for (const length of [0, 1, 31, 32, 55, 56, 63, 64, 65, 119, 128, 1_000]) {
    const bytes = new Uint8Array(length).map((_, at) => at * 37 + length);
    expect(Buffer.from(mac(bytes))).toEqual(hmac('bus', bytes).subarray(0, 16));
    expect(digest('header:é', bytes)).toBe(hmac('entries', Buffer.from('header:é'), bytes).toString('hex', 0, 16));
  }
});
