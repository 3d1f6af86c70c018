// A process that starts servers, names their ports on standard output, and waits to be killed.
import { startHaproxy, startNats, startNginx, startRedis } from '@lockstep/testkit';

const servers = await Promise.all([
  ...[startRedis(), startNats()],
  ...[startHaproxy({ checkPath: '/', checkEveryMs: 100 }), startNginx()],
]);
process.stdout.write(`${servers.map((server) => server.port).join(' ')}\n`);
process.stdin.resume();
