import { describe, expect, it } from 'vitest';
import { AdminClient, AdminError } from '../src/index.ts';
import { answering, json, TOKEN } from './answering.ts';

const receipt = { cache: 'tools', partition: 'control', incarnation: '0123456789abcdef', sequence: 7 } as const;
const done = {
  dryRun: false,
  action: 'clear',
  scope: { namespace: 'tools' },
  receipts: [receipt],
  audit: { state: 'recorded', sequence: 3 },
} as const;

/** What a call fails with. */
async function failureOf(call: Promise<unknown>): Promise<AdminError> {
  const error = await call.then(
    () => undefined,
    (cause: unknown) => cause,
  );
  expect(error).toBeInstanceOf(AdminError);
  return error as AdminError;
}

describe('a call', () => {
  it('sends the method, path, token and body of the contract, and answers what came', async () => {
    const { client, asked } = await answering((response) => json(response, 200, done));
    const body = { scope: { namespace: 'tools' }, reason: 'a test', wait: 'fenced' } as const;
    expect(await client.clear(body)).toEqual(done);
    expect(asked[0]?.line).toBe('POST /v1/clear');
    expect(asked[0]?.headers).toMatchObject({ authorization: `Bearer ${TOKEN}`, 'content-type': 'application/json' });
    expect(JSON.parse(asked[0]?.body ?? '')).toEqual(body);
  });

  it('sends a query, and leaves out what is not given', async () => {
    const { client, asked } = await answering((response) => json(response, 200, { records: [], head: 0, next: null }));
    expect(await client.audit({ from: 5 })).toEqual({ records: [], head: 0, next: null });
    expect(asked[0]?.line).toBe('GET /v1/audit?from=5');
    await client.explain({ namespace: 'tools', key: 'a&b=c d' }).catch(() => {});
    expect(new URL(asked[1]?.line.slice('GET '.length) ?? '', 'http://a').searchParams.get('key')).toBe('a&b=c d');
  });

  it('goes to a path before /v1, where the URL has one', async () => {
    const { url, asked } = await answering((response) => json(response, 200, {}));
    await new AdminClient({ url: `${url}/admin/`, token: TOKEN }).openapi();
    expect(asked[0]?.line).toBe('GET /admin/v1/openapi.json');
  });

  it('lets an answer have fields that it does not know', async () => {
    const { client } = await answering((response) => json(response, 200, { ...done, later: 1 }));
    expect(await client.clear({ scope: { namespace: 'tools' }, reason: 'a test' })).toEqual(done);
  });
});

describe('a call fails', () => {
  it('with the code of the API, and all that it says', async () => {
    const error = {
      code: 'tier-unavailable',
      message: 'the tier is away',
      unknown: ['tools'],
      receipts: [receipt],
      audit: { state: 'pending' },
    };
    const { client } = await answering((response) => json(response, 503, { error }));
    const failure = await failureOf(client.clear({ scope: { everything: true }, reason: 'a test' }));
    expect(failure).toMatchObject({ ...error, status: 503 });
  });

  it('with the field that cannot be used', async () => {
    const problems = [{ field: 'scope', message: 'takes one' }];
    const { client } = await answering((response) => {
      json(response, 400, { error: { code: 'request-invalid', message: 'wrong', problems } });
    });
    expect((await failureOf(client.nodes())).problems).toEqual(problems);
  });

  it('with the time to wait, where it is limited', async () => {
    const { client } = await answering((response) => {
      json(response, 429, { error: { code: 'rate-limited', message: 'slower', retryAfterSeconds: 2 } });
    });
    expect(await failureOf(client.nodes())).toMatchObject({ code: 'rate-limited', retryAfterSeconds: 2, status: 429 });
  });

  it.each([
    ['a page', 200, '<html>'],
    ['an error of another program', 502, 'Bad Gateway'],
    ['an answer without a field', 200, '{"nodes":[{"id":"a"}]}'],
    ['an error with a code that nobody knows', 500, '{"error":{"code":"odd","message":"odd"}}'],
    ['nothing', 200, ''],
  ])('with answer-invalid, where %s came', async (_, status, text) => {
    const { client } = await answering((response) => response.writeHead(status).end(text));
    expect(await failureOf(client.nodes())).toMatchObject({ code: 'answer-invalid', status });
  });

  it('with unreachable, where nothing listens', async () => {
    const client = new AdminClient({ url: 'http://127.0.0.1:1', token: TOKEN });
    const failure = await failureOf(client.nodes());
    expect(failure.code).toBe('unreachable');
    expect(failure.message).toMatch(/ECONNREFUSED|bad port/);
  });

  it('with unreachable at a redirect: the token goes to no other address', async () => {
    const other = await answering((response) => json(response, 200, {}));
    const { client } = await answering((response) => response.writeHead(307, { location: other.url }).end());
    expect((await failureOf(client.nodes())).code).toBe('unreachable');
    expect(other.asked).toEqual([]);
  });

  it('with too-slow, where no answer comes in time, and leaves the request', async () => {
    const { client, left } = await answering(() => {}, { timeoutMs: 50 });
    expect((await failureOf(client.nodes())).code).toBe('too-slow');
    await left;
  });

  it('with too-slow, where an answer does not end in time', async () => {
    const { client, left } = await answering((response) => response.writeHead(200).write('{'), { timeoutMs: 50 });
    expect((await failureOf(client.nodes())).code).toBe('too-slow');
    await left;
  });

  it('with the reason of its signal, where the caller aborts', async () => {
    const abort = new AbortController();
    const reason = new Error('enough');
    const { client, left } = await answering(() => abort.abort(reason));
    await expect(client.nodes({ signal: abort.signal })).rejects.toBe(reason);
    await left;
    await expect(client.nodes({ signal: abort.signal })).rejects.toBe(reason);
  });

  it('with the reason of a signal that is a timeout, too', async () => {
    const { client } = await answering(() => {});
    await expect(client.nodes({ signal: AbortSignal.timeout(20) })).rejects.toMatchObject({ name: 'TimeoutError' });
  });

  it('without the token in what it says', async () => {
    const { client } = await answering((response) => response.writeHead(500).end('no'));
    const failure = await failureOf(client.nodes());
    expect(JSON.stringify([failure.message, String(failure.stack), String(failure.cause)])).not.toContain(TOKEN);
  });
});

it('a client names every option that it cannot use', () => {
  const options = { url: 'ftp://a', token: 'a b', timeoutMs: 0, idleTimeoutMs: 1.5 };
  expect(() => new AdminClient(options)).toThrow(/token: .*; timeoutMs: .*; idleTimeoutMs: .*; url: /);
  for (const url of ['', 'http://user:secret@a', 'http://a?b', 'http://a#b']) {
    expect(() => new AdminClient({ url, token: TOKEN }), url).toThrow(/url: takes/);
  }
});
