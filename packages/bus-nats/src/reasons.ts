import { tlsFailure } from '@lockstep/core';
import {
  AuthorizationError,
  PermissionViolationError,
  TimeoutError,
  UserAuthenticationExpiredError,
} from '@nats-io/transport-node';

/** With TLS 1.3 a client whose certificate is refused may be hung up on before it hears why. */
const HUNG_UP = /ECONNRESET|EPIPE/;
const CERTIFICATE =
  '; it hung up in the handshake: does it want a certificate of this node, or another one (certFile, keyFile)?';

/** Says in words, for people, why the NATS server cannot be used; `tls`: while a connection with TLS was made. */
export function reasonOf(error: unknown, { tls = false }: { readonly tls?: boolean } = {}): string {
  if (error instanceof PermissionViolationError) {
    return `the NATS server does not permit this ${error.operation}: ${error.message}`;
  }
  if (error instanceof AuthorizationError || error instanceof UserAuthenticationExpiredError) {
    return `the NATS server refused the credentials: ${error.message}`;
  }
  if (error instanceof TimeoutError) {
    return 'no NATS server completed the handshake in time';
  }
  if (error instanceof Error && error.message !== '') {
    const hint = tls && HUNG_UP.test(error.message) ? CERTIFICATE : '';
    const why = tlsFailure(error) ?? tlsFailure(error.cause) ?? `${error.message}${hint}`;
    return `no connection to the NATS server: ${why}`;
  }
  return 'the connection to the NATS server was lost';
}
