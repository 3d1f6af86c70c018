import type { ChildProcess } from 'node:child_process';
import { spawn } from 'node:child_process';
import { Socket } from 'node:net';

/**
 * Reads process groups, one a line, until its input ends, which happens when the process at the other end dies in
 * whatever way, SIGKILL included; then kills the groups and removes the folder. `done` dismisses it.
 */
const SCRIPT = `
groups=
while read -r word; do
  [ "$word" != done ] || exit 0
  groups="$groups -$word"
done
[ -z "$groups" ] || kill -s KILL -- $groups 2>/dev/null
rm -rf -- "$1"
`;

/** Ends processes and removes the folder of this run when this process dies without doing so itself. */
export class Guard {
  readonly #child: ChildProcess;

  constructor(folder: string) {
    this.#child = spawn('/bin/sh', ['-c', SCRIPT, 'guard', folder], {
      stdio: ['pipe', 'ignore', 'ignore'],
      cwd: '/',
      detached: true,
    });
    this.#child.on('error', () => undefined);
    this.#child.stdin?.on('error', () => undefined);
    this.#child.unref();
    if (this.#child.stdin instanceof Socket) this.#child.stdin.unref();
  }

  /** Takes on a process group. */
  watch(group: number): void {
    this.#child.stdin?.write(`${group}\n`);
  }

  /** Everything has ended and the folder is gone: there is nothing to do any more. */
  dismiss(): void {
    this.#child.stdin?.end('done\n');
  }
}
