import { startNats } from '@lockstep/testkit';
import { expect, it, vi } from 'vitest';
import { main } from '../examples/two-nodes.ts';

it('the README’s example carries its message', async () => {
  const server = await startNats();
  const log = vi.spyOn(console, 'log').mockImplementation(() => undefined);
  try {
    await main(server.url);
    expect(log.mock.calls.at(-1)?.[0]).toBe('hello');
  } finally {
    log.mockRestore();
    await server.stop();
  }
});
