import { spawn } from 'node:child_process';
import { Socket } from 'node:net';

/**
 * Reads until its standard input ends, which happens when the process that holds the other end dies in whatever way,
 * SIGKILL included; then kills the server, with its workers where it leads a group, and removes its directory. A line that
 * says `done` dismisses it.
 */
const SCRIPT = `if read -r word && [ "$word" = done ]; then exit 0; fi
kill -s KILL -- "-$1" 2>/dev/null || kill -s KILL "$1" 2>/dev/null
rm -rf -- "$2"`;

/** Watches over one server process: when this process dies, however it dies, the server is killed too. */
export interface Reaper {
  /** Ends the watch: the server is gone, and its pid may soon be someone else's. */
  dismiss(): void;
}

/** Starts a reaper for a server and its directory. It keeps this process from nothing: not even from ending. */
export function startReaper(pid: number, directory: string): Reaper {
  const child = spawn('/bin/sh', ['-c', SCRIPT, 'reaper', String(pid), directory], {
    stdio: ['pipe', 'ignore', 'ignore'],
    cwd: '/',
    detached: true,
  });
  child.on('error', () => undefined);
  child.stdin.on('error', () => undefined);
  child.unref();
  if (child.stdin instanceof Socket) {
    child.stdin.unref();
  }
  return {
    dismiss() {
      child.stdin.end('done\n');
    },
  };
}
