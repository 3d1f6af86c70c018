import { statSync } from 'node:fs';
import type { Finding } from './finding.ts';
import { findingsOf } from './finding.ts';

const { ok, warn, fail, skipped } = findingsOf('files');

const GROUP_OR_OTHERS_WRITE = 0o022;
const OTHERS_READ = 0o004;

/** Whether files that hold secrets, or say what a node runs, are their owner's alone. */
export function fileFindings(paths: readonly string[], platform: NodeJS.Platform): readonly Finding[] {
  if (platform === 'win32') return [skipped('permissions', 'this system has no modes of files')];
  return paths.map((path) => {
    const mode = statSync(path).mode & 0o777;
    const found = `mode ${mode.toString(8).padStart(3, '0')}`;
    if ((mode & GROUP_OR_OTHERS_WRITE) !== 0) {
      return fail(path, `${found}: others can change it`, `chmod 600 ${path}`);
    }
    return (mode & OTHERS_READ) === 0
      ? ok(path, found)
      : warn(path, `${found}: everyone can read it`, `chmod 600 ${path}`);
  });
}
