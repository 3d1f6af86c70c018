import { mkdir, mkdtemp, rename, rm, symlink, writeFile } from 'node:fs/promises';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { waitFor } from '@lockstep/testkit';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { CONFIG_BYTES_MAX } from '../src/config/config-source.ts';
import { FileSource } from '../src/config/file-source.ts';
import { HttpSource } from '../src/config/http-source.ts';

const NEVER = new AbortController().signal;

let folder: string;
const closings: (() => unknown)[] = [];

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'lockstep-source-'));
});

afterEach(async () => {
  for (const close of closings.splice(0)) await close();
  await rm(folder, { recursive: true, force: true });
});

describe('a file', () => {
  const watched = (path: string) => {
    const source = new FileSource(path);
    const texts: string[] = [];
    source.watch(() => void source.read(NEVER).then((text) => texts.push(text)));
    closings.push(() => source.close());
    return texts;
  };

  it('is read again when it was written, and when another was put in its place, as editors do', async () => {
    const path = join(folder, 'gateway.json');
    await writeFile(path, 'first');
    const texts = watched(path);
    for (const text of ['second', 'third', 'fourth']) {
      await writeFile(`${path}.new`, text);
      await rename(`${path}.new`, path);
      await waitFor(() => texts.at(-1) === text, { what: text, timeoutMs: 5_000 });
    }
    await writeFile(path, 'in place');
    await waitFor(() => texts.at(-1) === 'in place', { what: 'what was written in place', timeoutMs: 5_000 });
  });

  it('is read again each time the link to its folder turns, as the kubelet has it do for a ConfigMap or a Secret', async () => {
    const path = join(folder, 'gateway.json');
    const texts = watched(path);
    await symlink(join('..data', 'gateway.json'), path);
    let before: string | undefined;
    for (const version of ['one', 'two', 'three']) {
      const stamped = join(folder, `..2026_${version}`);
      await mkdir(stamped);
      await writeFile(join(stamped, 'gateway.json'), version);
      await symlink(basename(stamped), join(folder, '..data_tmp'));
      await rename(join(folder, '..data_tmp'), join(folder, '..data'));
      if (before !== undefined) await rm(before, { recursive: true });
      before = stamped;
      await waitFor(() => texts.at(-1) === version, { what: version, timeoutMs: 5_000 });
    }
  });

  it('that is written in many steps is read once they have ended', async () => {
    const path = join(folder, 'gateway.json');
    await writeFile(path, '');
    const texts = watched(path);
    for (let step = 1; step <= 50; step++) await writeFile(path, `step ${step}`);
    await waitFor(() => texts.at(-1) === 'step 50', { what: 'the last step', timeoutMs: 5_000 });
    expect(texts.length).toBeLessThan(10);
  });

  it('says why it cannot be read, and refuses one without bounds', async () => {
    const source = new FileSource(join(folder, 'gateway.json'));
    await expect(source.read(NEVER)).rejects.toMatchObject({ name: 'SourceError', code: 'ENOENT' });
    await writeFile(source.name, Buffer.alloc(CONFIG_BYTES_MAX + 1, 0x20));
    await expect(source.read(NEVER)).rejects.toMatchObject({ code: `more than ${CONFIG_BYTES_MAX} bytes` });
  });
});

describe('a URL', () => {
  type Answer = (request: IncomingMessage, response: ServerResponse) => void;

  async function serve(answer: Answer): Promise<string> {
    const server = createServer(answer);
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    closings.push(() => {
      server.closeAllConnections();
      return new Promise((resolve) => server.close(resolve));
    });
    return `http://127.0.0.1:${(server.address() as AddressInfo).port}/gateway.json`;
  }

  const sourceOf = (url: string, token?: string, pollMs = 60_000): HttpSource => {
    const source = new HttpSource({ url, name: url, token, pollMs });
    closings.push(() => source.close());
    return source;
  };

  it('is asked with the token, and with the ETag of what it answered last: 304 is no change', async () => {
    let version = 'v1';
    const asked: IncomingMessage['headers'][] = [];
    const url = await serve(({ headers }, response) => {
      asked.push(headers);
      const isKnown = headers['if-none-match'] === `"${version}"`;
      response.writeHead(isKnown ? 304 : 200, { etag: `"${version}"` }).end(isKnown ? undefined : version);
    });
    const source = sourceOf(url, 'a-token');
    expect(await source.read(NEVER)).toBe('v1');
    expect(await source.read(NEVER)).toBeUndefined();
    version = 'v2';
    expect(await source.read(NEVER)).toBe('v2');
    expect(asked.map((headers) => headers['if-none-match'])).toEqual([undefined, '"v1"', '"v1"']);
    expect(new Set(asked.map(({ authorization }) => authorization))).toEqual(new Set(['Bearer a-token']));
  });

  it('is asked again and again', async () => {
    let asked = 0;
    const url = await serve((_, response) => response.end(String(++asked)));
    const source = sourceOf(url, undefined, 20);
    const texts: (string | undefined)[] = [];
    source.watch(() => void source.read(NEVER).then((text) => texts.push(text)));
    await waitFor(() => texts.length >= 3, { what: 'three answers' });
  });

  it.each<[string, Answer, string]>([
    ['an error', (_, response) => response.writeHead(503).end('no'), 'HTTP 503'],
    [
      'another place, which is not followed',
      (_, response) => response.writeHead(302, { location: '/x' }).end(),
      'HTTP 302',
    ],
    ['304 to who has nothing', (_, response) => response.writeHead(304).end(), 'HTTP 304'],
    ['nothing, and hangs up', (request) => request.socket.destroy(), 'UND_ERR_SOCKET'],
    ['without bounds', (_, response) => endless(response), `more than ${CONFIG_BYTES_MAX} bytes`],
  ])('cannot be read where it answers %s', async (_, answer, code) => {
    const source = sourceOf(await serve(answer));
    await expect(source.read(NEVER)).rejects.toMatchObject({ name: 'SourceError', code });
  });

  it('is not waited for by who leaves', async () => {
    const { promise: asked, resolve: ask } = Promise.withResolvers<void>();
    const source = sourceOf(await serve(() => ask()));
    const leaving = new AbortController();
    const reading = source.read(leaving.signal);
    await asked;
    leaving.abort();
    await expect(reading).rejects.toMatchObject({ name: 'SourceError' });
  });
});

/** Sends for as long as anyone reads. */
function endless(response: ServerResponse): void {
  const chunk = Buffer.alloc(1_048_576, 0x20);
  const send = (): void => {
    while (!response.destroyed && response.write(chunk));
  };
  response.on('drain', send).on('error', () => undefined);
  send();
}
