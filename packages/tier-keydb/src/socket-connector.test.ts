import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { createServer } from 'node:net';
import { expect, it } from 'vitest';
import { SocketConnector } from './socket-connector.ts';

it('hears every error of a socket, not the first alone: one that nobody hears would end the process', async () => {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const connector = new SocketConnector({ host: '127.0.0.1', port });
  const socket = await connector.connect();
  await once(socket, 'connect');
  for (const reason of ['the handshake failed', 'the server said so as well']) socket.emit('error', new Error(reason));
  expect(connector.firstError?.message).toBe('the handshake failed');
  socket.destroy();
  server.close();
});
