/**
 * Builds every package, runs vitest with the given arguments, and closes with `N passed, N failed`.
 *
 * Counted as failed beside a failed test: a test file that could not be loaded, and an error outside any test.
 * A run that executed no test fails.
 */
import { spawnSync } from 'node:child_process';
import type { TestModule } from 'vitest/node';
import { parseCLI, startVitest } from 'vitest/node';

interface Tally {
  passed: number;
  failed: number;
}

function count(modules: readonly TestModule[]): Tally {
  const tally = { passed: 0, failed: 0 };
  for (const module of modules) {
    let failedHere = 0;
    for (const test of module.children.allTests()) {
      const { state } = test.result();
      if (state === 'passed') tally.passed++;
      if (state === 'failed') failedHere++;
    }
    // A file that failed without a failed test did not load, or its hooks broke.
    if (failedHere === 0 && module.state() === 'failed') failedHere = 1;
    tally.failed += failedHere;
  }
  return tally;
}

async function runTests(args: readonly string[]): Promise<Tally> {
  const { filter, options } = parseCLI(['vitest', 'run', ...args]);
  const vitest = await startVitest('test', filter, { ...options, watch: false });
  const tally = count(vitest.state.getTestModules());
  tally.failed += vitest.state.getUnhandledErrors().length;
  await vitest.close();
  return tally;
}

function close(tally: Tally): never {
  console.log(`${tally.passed} passed, ${tally.failed} failed`);
  process.exit(tally.passed > 0 && tally.failed === 0 && (process.exitCode ?? 0) === 0 ? 0 : 1);
}

const build = spawnSync('turbo', ['run', 'build', '--output-logs=errors-only'], { encoding: 'utf8' });
if (build.status !== 0) {
  console.log(build.stdout, build.stderr);
  console.log('The build failed, so no test was run.');
  close({ passed: 0, failed: 0 });
}
close(await runTests(process.argv.slice(2)));
