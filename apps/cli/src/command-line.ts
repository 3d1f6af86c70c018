import process from 'node:process';
import { EXIT } from './exit-codes.ts';
import { run } from './program.ts';

const interruption = new AbortController();
// Once: a second signal ends the process at once.
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => interruption.abort(signal));

for (const stream of [process.stdout, process.stderr]) {
  // Who reads has gone, as `| head` does: there is nobody left to tell.
  stream.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code !== 'EPIPE') throw error;
    process.exit(process.exitCode ?? EXIT.ok);
  });
}

const { stdin, stdout, stderr, env: environment } = process;
process.exitCode = await run(process.argv.slice(2), {
  terminal: { stdin, stdout, stderr, environment },
  signal: interruption.signal,
});
