import { CacheError, TierUnavailableError } from '@lockstep/core';
import { expect, it } from 'vitest';
import { tierError } from './failure.ts';

const CALL = { what: 'put', server: 'redis://tier:6379/0' };

function replyError(message: string): Error {
  return Object.assign(new Error(message), { name: 'ReplyError', command: { name: 'auth', args: ['hunter2'] } });
}

it.each([
  ["READONLY You can't write against a read only replica.", /point the URL at the primary$/, true],
  ['NOREPLICAS Not enough good replicas to write.', /min-replicas-to-write/, true],
  ['WRONGPASS invalid username-password pair or user is disabled.', /user or password in the URL is wrong$/, false],
  ['NOAUTH Authentication required.', /put it into the URL/, false],
  ['MOVED 1234 127.0.0.1:7001', /Redis Cluster/, false],
  ["ERR unknown command `hrandfield`, with args beginning with: ''", /commands of Redis 6\.2$/, false],
])('a refusal says what to do: %s', (message, advice, retryable) => {
  const error = tierError(replyError(message), CALL);
  expect(error).toMatchObject({ code: 'tier-refused', retryable });
  expect(error.message).toContain(`put: redis://tier:6379/0 refuses: ${message}`);
  expect(error.message).toMatch(advice);
});

it.each([
  ["-OOM command not allowed when used memory > 'maxmemory'.", /out of memory: raise maxmemory/],
  ['WRONGTYPE Operation against a key holding the wrong kind of value', /something else writes keys/],
  ["The user executing the script can't run this command or subcommand", /ACL rule in the README$/],
])('finds the refusal that a server before Redis 7 wraps into the error of the script: %s', (refusal, advice) => {
  const wrapped = `ERR Error running script (call to f_0a1b): @user_script:12: @user_script: 12: ${refusal}`;
  expect(tierError(replyError(wrapped), CALL).message).toMatch(advice);
});

it.each([
  'LOADING Redis is loading the dataset in memory',
  'BUSY Redis is busy running a script.',
  'ERR max number of clients reached',
])('a server that cannot answer now is unavailable, not refusing: %s', (message) => {
  expect(tierError(replyError(message), CALL)).toBeInstanceOf(TierUnavailableError);
});

it('any other failure of the client means that the tier is unavailable', () => {
  const error = tierError(new Error('read ECONNRESET'), CALL);
  expect(error).toBeInstanceOf(TierUnavailableError);
  expect(error).toMatchObject({ code: 'tier-unavailable', retryable: true, cause: { message: 'read ECONNRESET' } });
});

it('a command whose connection went says so, in our words', () => {
  const lost = Object.assign(new Error('Reached the max retries per request limit'), {
    name: 'MaxRetriesPerRequestError',
  });
  expect(tierError(lost, CALL).message).toBe(
    'put: redis://tier:6379/0 does not answer: the connection was lost before the answer came',
  );
  const unsent = new Error("Stream isn't writeable and enableOfflineQueue options is false");
  expect(tierError(unsent, CALL).message).toMatch(/there is no connection$/);
});

it('keeps the cause, but not the arguments of the command that failed', () => {
  const error = tierError(replyError('WRONGPASS invalid username-password pair'), CALL);
  expect(error.cause).toMatchObject({ name: 'ReplyError', message: 'WRONGPASS invalid username-password pair' });
  expect(error.cause).not.toHaveProperty('command');
});

it('leaves an error of our own as it is', () => {
  const closed = new CacheError('closed', 'closed');
  expect(tierError(closed, CALL)).toBe(closed);
});
