import { expect, it } from 'vitest';
import type { AdminError } from '../src/index.ts';
import { answering, json } from './answering.ts';

const member = { type: 'member', change: 'joined', node: 'a' } as const;
const sse = (...events: readonly object[]): string =>
  events.map((event) => `event: any\ndata: ${JSON.stringify(event)}\n\n`).join('');

/** All that a stream gives, and what it fails with. */
async function drained(stream: AsyncIterable<unknown>): Promise<{ items: unknown[]; code: string | undefined }> {
  const items: unknown[] = [];
  try {
    for await (const item of stream) items.push(item);
    return { items, code: undefined };
  } catch (error) {
    return { items, code: (error as AdminError).code };
  }
}

it('events come one by one, whatever parts they come in', async () => {
  const text = `: hello\n\n${sse(member, { type: 'reset', partition: 3, sequence: 0 }, { type: 'lost', events: 2 })}`;
  const { client } = await answering((response) => {
    response.writeHead(200, { 'content-type': 'text/event-stream' });
    for (const letter of text) response.write(letter);
    response.end();
  });
  expect((await drained(client.events())).items).toEqual([
    member,
    { type: 'reset', partition: 3, sequence: 0 },
    { type: 'lost', events: 2 },
  ]);
});

it('an event of a later release is left out; what is no event at all ends the stream', async () => {
  const { client } = await answering((response) => response.end(`${sse({ type: 'later' }, member)}data: hm\n\n`));
  expect(await drained(client.events())).toEqual({ items: [member], code: 'answer-invalid' });
});

it('who stops reading leaves the stream', async () => {
  const { client, left } = await answering((response) => response.writeHead(200).write(sse(member)));
  for await (const event of client.events()) {
    expect(event).toEqual(member);
    break;
  }
  await left;
});

it('a stream ends with the reason of its signal, also where nothing comes', async () => {
  const abort = new AbortController();
  const { client, left } = await answering((response) => response.writeHead(200).write(sse(member)));
  const stream = client.events({ signal: abort.signal });
  await stream.next();
  const next = stream.next();
  const reason = new Error('enough');
  abort.abort(reason);
  await expect(next).rejects.toBe(reason);
  await left;
});

it('a stream that is silent for too long fails with too-slow; a comment is not silence', async () => {
  let beats = 0;
  const { client } = await answering(
    (response) => {
      response.writeHead(200).write(sse(member));
      const beat = setInterval(() => {
        response.write(': alive\n\n');
        if (++beats === 10) clearInterval(beat);
      }, 20);
      response.once('close', () => clearInterval(beat));
    },
    { idleTimeoutMs: 120 },
  );
  expect(await drained(client.events())).toEqual({ items: [member], code: 'too-slow' });
  expect(beats).toBe(10);
});

it('a connection that is lost fails with unreachable', async () => {
  const { client } = await answering((response) => {
    response.writeHead(200).write(sse(member), () => setImmediate(() => response.destroy()));
  });
  expect((await drained(client.events())).code).toBe('unreachable');
});

it('a stream that is refused fails as a call does', async () => {
  const { client } = await answering((response) => json(response, 503, { error: { code: 'busy', message: 'full' } }));
  expect(await drained(client.events())).toEqual({ items: [], code: 'busy' });
});

it('warming tells of each server, one a line, and that it is done', async () => {
  const lines = [
    { type: 'started', servers: 1 },
    { type: 'server', gateway: 'g', server: 's', status: 'success', tools: 2, source: 'origin', tookMs: 5 },
    { type: 'done', succeeded: 1, failed: 0, pending: 0 },
  ];
  const text = lines.map((line) => `${JSON.stringify(line)}\n`).join('');
  const { client, asked } = await answering((response) => {
    response.writeHead(200);
    for (const letter of text) response.write(letter);
    response.end();
  });
  expect(await drained(client.warm({ gateway: 'g' }))).toEqual({ items: lines, code: undefined });
  expect(asked[0]).toMatchObject({ line: 'POST /v1/warm', body: '{"gateway":"g"}' });
});

it('warming that breaks off says so', async () => {
  const { client } = await answering((response) => response.end('{"type":"started","servers":1}\n'));
  expect((await drained(client.warm({}))).code).toBe('broken-off');
});

it('a line without end is not read without end', async () => {
  const { client, left } = await answering((response) => {
    const part = 'x'.repeat(1_048_576);
    const write = (): void => {
      if (!response.destroyed) response.write(part, write);
    };
    write();
  });
  expect((await drained(client.warm({}))).code).toBe('answer-invalid');
  await left;
});
