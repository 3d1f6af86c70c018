import { tlsFailure } from '@lockstep/core';
import {
  AuthorizationError,
  PermissionViolationError,
  TimeoutError,
  UserAuthenticationExpiredError,
} from '@nats-io/transport-node';

/** Says in words, for people, why the NATS server cannot be used. */
export function reasonOf(error: unknown): string {
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
    const why = tlsFailure(error) ?? tlsFailure(error.cause) ?? error.message;
    return `no connection to the NATS server: ${why}`;
  }
  return 'the connection to the NATS server was lost';
}
