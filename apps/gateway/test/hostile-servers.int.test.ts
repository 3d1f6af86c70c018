import { describe, expect, it } from 'vitest';
import { holds, hostile, listOf, MIB, TOOL } from './hostile-checks.ts';
import { flood, resultOf, sendJson } from './hostile-server.ts';

const JSON_ANSWERS: readonly (readonly [what: string, result: string, message: RegExp])[] = [
  ['a tool without a name', listOf('{"inputSchema":{"type":"object"}}'), /tool 1 has no name$/],
  ['a tool whose name is empty', listOf(TOOL, '{"name":"","inputSchema":{"type":"object"}}'), /tool 2 has no name$/],
  [
    'a name of a megabyte',
    listOf(`{"name":"${'n'.repeat(MIB)}","inputSchema":{"type":"object"}}`),
    /the name of tool 1 is longer than 512 characters$/,
  ],
  [
    'an inputSchema that is text',
    listOf('{"name":"x","inputSchema":"object"}'),
    /the inputSchema of tool 1 is not the schema of an object$/,
  ],
  ['an inputSchema that is a list', listOf('{"name":"x","inputSchema":[]}'), /the inputSchema of tool 1 is not/],
  [
    'an inputSchema of another type',
    listOf('{"name":"x","inputSchema":{"type":"array"}}'),
    /the inputSchema of tool 1 is not/,
  ],
  ['no inputSchema', listOf('{"name":"x"}'), /the inputSchema of tool 1 is not/],
  ['a tool that is null', listOf('null'), /tool 1 is not an object$/],
  [
    'a description that is a number',
    listOf('{"name":"x","description":1,"inputSchema":{"type":"object"}}'),
    /answer cannot be used/,
  ],
  [
    'a tool of a megabyte',
    listOf(`{"name":"x","description":"${'d'.repeat(MIB)}","inputSchema":{"type":"object"}}`),
    /tool 1 is larger than 262144 characters$/,
  ],
  ['a hundred thousand tools', listOf(...Array.from({ length: 100_000 }, () => '{}')), /more than 10000 tools$/],
  ['a list that is an object', '{"resultType":"complete","tools":{"length":1}}', /has no list of tools$/],
  ['a list that is missing', '{"resultType":"complete"}', /has no list of tools$/],
  [
    'a schema nested ten thousand deep',
    listOf(`{"name":"x","inputSchema":{"type":"object","properties":${'{"a":'.repeat(10_000)}1${'}'.repeat(10_000)}}}`),
    /tool 1 is nested deeper than 100$/,
  ],
  [
    'a schema nested a hundred thousand deep',
    listOf(`{"name":"x","inputSchema":{"type":"object","enum":${'['.repeat(100_000)}${']'.repeat(100_000)}}}`),
    /tool 1 is nested deeper than 100$/,
  ],
];

describe('a server over HTTP that sends', () => {
  it.each(JSON_ANSWERS)('%s is refused with the reason, and troubles nobody else', async (_what, result, message) => {
    const server = await hostile((response, asked) => sendJson(response, resultOf(asked, result)), { modern: true });
    await holds(server.entry('hostile'), { code: 'unusable', message });
  });

  it('a list of 50 MB is read no further than an answer may be long', async () => {
    let sent = 0;
    const server = await hostile(async (response) => {
      response.writeHead(200, { 'content-type': 'application/json' });
      sent = await flood(response, ' '.repeat(65_536), (50 * MIB) / 65_536);
    });
    await holds(server.entry('hostile'), { code: 'unusable', message: /sent an answer of more than 2097152 bytes$/ });
    // What sockets hold on the way is not read by anyone.
    expect(sent * 65_536).toBeLessThan(16 * MIB);
  });

  it('a list that it says is of 50 MB is not read at all', async () => {
    const server = await hostile((response) => {
      response.writeHead(200, { 'content-type': 'application/json', 'content-length': 50 * MIB });
      response.write('{');
    });
    await holds(server.entry('hostile'), { code: 'unusable', message: /more than 2097152 bytes$/ });
  });

  it('an endless stream of events is broken off', async () => {
    const server = await hostile(async (response) => {
      response.writeHead(200, { 'content-type': 'text/event-stream' });
      const note = {
        jsonrpc: '2.0',
        method: 'notifications/message',
        params: { level: 'info', data: 'x'.repeat(10_000) },
      };
      await flood(response, `data: ${JSON.stringify(note)}\n\n`);
    });
    await holds(server.entry('hostile'), { code: 'unusable', message: /more than 2097152 bytes$/ });
  });

  it('an event without an end is broken off', async () => {
    const server = await hostile(async (response) => {
      response.writeHead(200, { 'content-type': 'text/event-stream' });
      await flood(response, 'data: '.padEnd(65_536, 'x'));
    });
    await holds(server.entry('hostile'), { code: 'unusable', message: /more than 2097152 bytes$/ });
  });

  it('nothing is given up after its time', async () => {
    const server = await hostile(() => undefined);
    await holds(server.entry('hostile'), { code: 'timed-out', message: /^hostile took too long$/ });
  });

  it('a stream that never says anything is given up after its time', async () => {
    const server = await hostile(
      (response) => void response.writeHead(200, { 'content-type': 'text/event-stream' }).flushHeaders(),
    );
    await holds(server.entry('hostile'), { code: 'timed-out', message: /^hostile took too long$/ });
  });

  it('half an answer, and dies, is told as unreachable', async () => {
    const server = await hostile((response, asked) => {
      response.writeHead(200, { 'content-type': 'application/json', 'content-length': 1_000 });
      response.write(resultOf(asked, listOf(TOOL)).slice(0, 40), () => response.socket?.destroy());
    });
    await holds(server.entry('hostile'), { code: 'unreachable', message: /^hostile cannot be reached/ });
  });

  it('headers without end is told as unreachable', async () => {
    const server = await hostile((response) => {
      const headers = Array.from({ length: 20_000 }, (_, index) => `x-bomb-${index}: ${'b'.repeat(50)}\r\n`).join('');
      response.socket?.end(`HTTP/1.1 200 OK\r\ncontent-type: application/json\r\n${headers}\r\n{}`);
    });
    await holds(server.entry('hostile'), { code: 'unreachable', message: /UND_ERR_HEADERS_OVERFLOW/ });
  });

  it('what is no JSON, or is of no known type, is refused', async () => {
    const broken = await hostile((response, asked) => sendJson(response, resultOf(asked, '{"tools":[NaN]}')));
    await holds(broken.entry('hostile'), { code: 'unreachable', message: /^hostile cannot be reached/ });
    const page = await hostile(
      (response) => void response.writeHead(200, { 'content-type': 'text/html' }).end('<html>'),
    );
    await holds(page.entry('hostile'), { code: 'unreachable', message: /^hostile cannot be reached/ });
  });

  it('an error of a megabyte is told in a sentence', async () => {
    const server = await hostile((response, { id }) => {
      const error = { code: -32_000, message: 'e'.repeat(MIB) };
      sendJson(response, JSON.stringify({ jsonrpc: '2.0', id, error }));
    });
    await holds(server.entry('hostile'), { code: 'refused', message: /^hostile answered with an error: e{1000}…$/ });
  });

  it('a question in place of a list is refused', async () => {
    const asking = '{"resultType":"input_required","inputRequests":{},"requestState":"s"}';
    const server = await hostile((response, asked) => sendJson(response, resultOf(asked, asking)), { modern: true });
    await holds(server.entry('hostile'), { code: 'unusable', message: /asks back instead of answering$/ });
    expect(server.asked).toBe(1);
  });

  it('pages that go round in a circle is refused after so many', async () => {
    const server = await hostile((response, asked) => {
      const next = asked.params?.cursor === 'a' ? 'b' : 'a';
      sendJson(
        response,
        resultOf(asked, `{"tools":[{"name":"of-${next}","inputSchema":{"type":"object"}}],"nextCursor":"${next}"}`),
      );
    });
    await holds(server.entry('hostile'), { code: 'unusable', message: /does not end/ });
    expect(server.asked).toBeLessThanOrEqual(2 * 65);
  });

  it('pages that are ever new is refused once they are too many tools together', async () => {
    const server = await hostile((response, asked) => {
      const page = Number(asked.params?.cursor ?? 0);
      const tools = Array.from(
        { length: 1_000 },
        (_, at) => `{"name":"t${page}-${at}","inputSchema":{"type":"object"}}`,
      );
      sendJson(response, resultOf(asked, `{"tools":[${tools.join(',')}],"nextCursor":"${page + 1}"}`));
    });
    await holds(server.entry('hostile'), { code: 'unusable', message: /more than 10000 tools$/ });
  });

  it('pages that are ever new is refused once they are too large together', async () => {
    const server = await hostile((response, asked) => {
      const page = Number(asked.params?.cursor ?? 0);
      const tool = `{"name":"t${page}","description":"${'d'.repeat(200_000)}","inputSchema":{"type":"object"}}`;
      sendJson(response, resultOf(asked, `{"tools":[${tool}],"nextCursor":"${page + 1}"}`));
    });
    await holds(server.entry('hostile'), { code: 'unusable', message: /larger than 2097152 characters$/ });
  });
});
