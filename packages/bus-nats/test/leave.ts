// A process that makes a bus, brings it into a state, closes it, and must then end by itself.
// Arguments: the server, and the state: `at-once`, `told`, `connected`, `interrupted` or `congested`.
import { connectNats } from '@lockstep/bus-nats';
import { waitFor } from '@lockstep/testkit';

const [servers = '', state = ''] = process.argv.slice(2);
const bus = connectNats({ servers, cluster: 'leaving', pendingBytesMax: 4_000_000, reconnectDelayMaxMs: 60_000 });
let isInterrupted = false;
bus.listen({
  message() {},
  restored() {},
  interrupted: () => {
    isInterrupted = true;
  },
});
if (state === 'connected' || state === 'congested') {
  await waitFor(() => bus.connected, { what: 'the connection' });
}
if (state === 'told' || state === 'congested') {
  // The test brings the server into a state, and then says so.
  process.stdout.write('ready\n');
  await new Promise((resolve) => process.stdin.once('data', resolve));
  process.stdin.destroy();
}
if (state === 'congested') {
  for (let sent = 0; sent < 10; sent += 1) {
    bus.publish(new Uint8Array(900_000));
  }
}
if (state === 'interrupted' || state === 'congested') {
  await waitFor(() => isInterrupted, { what: 'the interruption' });
}
const before = performance.now();
await bus.close();
process.stdout.write(`closed in ${Math.round(performance.now() - before)} ms\n`);
