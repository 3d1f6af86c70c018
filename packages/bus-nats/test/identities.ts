import { nkeys } from '@nats-io/transport-node';

/** A NATS operator with one account, as a server's configuration, and credentials files of that account's users. */
export interface Identities {
  readonly serverConfig: string;
  /** The content of a credentials file of a new user. */
  credentials(): string;
}

type KeyPair = ReturnType<typeof nkeys.createUser>;

/** Makes new keys for an operator and an account, and signs what NATS's decentralized authentication asks for. */
export function createIdentities(): Identities {
  const [operator, account] = [nkeys.createOperator(), nkeys.createAccount()];
  const unlimited = { subs: -1, data: -1, payload: -1, conn: -1, leaf: -1, imports: -1, exports: -1, wildcards: true };
  const accountToken = sign(operator, account, { type: 'account', version: 2, limits: unlimited });
  return {
    serverConfig: [
      `operator: ${sign(operator, operator, { type: 'operator', version: 2 })}`,
      'resolver: MEMORY',
      `resolver_preload: { ${account.getPublicKey()}: ${accountToken} }`,
    ].join('\n'),
    credentials: () => {
      const user = nkeys.createUser();
      const token = sign(account, user, { type: 'user', version: 2, subs: -1, data: -1, payload: -1 });
      const seed = new TextDecoder().decode(user.getSeed());
      return [
        ...['-----BEGIN NATS USER JWT-----', token, '------END NATS USER JWT------', ''],
        ...['-----BEGIN USER NKEY SEED-----', seed, '------END USER NKEY SEED------', ''],
      ].join('\n');
    },
  };
}

function sign(issuer: KeyPair, subject: KeyPair, nats: Record<string, unknown>): string {
  const part = (content: object): string => Buffer.from(JSON.stringify(content)).toString('base64url');
  const claims = {
    jti: subject.getPublicKey(),
    iat: Math.floor(Date.now() / 1_000),
    iss: issuer.getPublicKey(),
    sub: subject.getPublicKey(),
    name: 'test',
    nats,
  };
  const signed = `${part({ typ: 'JWT', alg: 'ed25519-nkey' })}.${part(claims)}`;
  return `${signed}.${Buffer.from(issuer.sign(new TextEncoder().encode(signed))).toString('base64url')}`;
}
