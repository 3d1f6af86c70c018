import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { afterEach, beforeEach, vi } from 'vitest';
import { Closing } from './closing.ts';

/** A folder in front of the PATH for each test of a file, in which it puts a `docker` of its own. */
export interface StandInDocker {
  readonly folder: string;
  readonly closing: Closing;
  /** What was said to the person who runs it. */
  readonly said: string[];
  /** Puts a `docker` there that records its arguments, and the variables of compose, and ends as the script says. */
  answers(script: string): void;
  /** The lines of a file of the folder: `calls` are the arguments, `variables` those of compose. */
  lines(file: string): string[];
}

export function standInDocker(): StandInDocker {
  let folder = '';
  let closing = new Closing();
  const said: string[] = [];
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'lockstep-docker-'));
    closing = new Closing();
    said.length = 0;
    vi.stubEnv('PATH', `${folder}${delimiter}${process.env['PATH']}`);
  });
  afterEach(async () => {
    vi.unstubAllEnvs();
    await rm(folder, { recursive: true, force: true });
  });
  return {
    get folder() {
      return folder;
    },
    get closing() {
      return closing;
    },
    said,
    answers: (script) => {
      const record = `echo "$*" >>${folder}/calls\nenv | grep ^LOCKSTEP_ >${folder}/variables`;
      writeFileSync(join(folder, 'docker'), `#!/bin/sh\n${record}\n${script}\n`, { mode: 0o755 });
    },
    lines: (file) => readFileSync(join(folder, file), 'utf8').trim().split('\n'),
  };
}
