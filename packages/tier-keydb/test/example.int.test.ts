import { expect, it, vi } from 'vitest';
import { main } from '../examples/one-load.ts';
import { entryOf } from './entry-of.ts';
import { KEY, TestServer } from './test-server.ts';

it('the example prints what the README says', async () => {
  const server = await TestServer.start();
  const log = vi.spyOn(console, 'log').mockImplementation(() => undefined);
  try {
    await main(server.server.url, entryOf(KEY));
    const printed = log.mock.calls.slice(0, 2).map((words) => words.join(' '));
    expect(printed).toEqual(['granted wait', 'silent true']);
    expect(log.mock.calls[2]?.[0]).toMatchObject({ previous: expect.any(Number) });
  } finally {
    log.mockRestore();
    await server.stop();
  }
});
