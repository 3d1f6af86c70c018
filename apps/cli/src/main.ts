#!/usr/bin/env node
/** The oldest Node that the command line runs on, as in package.json. */
const NODE_MIN = { major: 22, minor: 15 };
const EXIT_FAILED = 1;

// Nothing is imported before the check: an older Node would fail while it loads, and not say why.
const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);
if (major > NODE_MIN.major || (major === NODE_MIN.major && minor >= NODE_MIN.minor)) {
  await import('./command-line.ts');
} else {
  const needed = `${NODE_MIN.major}.${NODE_MIN.minor}`;
  process.stderr.write(`lockstep needs Node ${needed} or newer; this is Node ${process.versions.node}.\n`);
  process.exitCode = EXIT_FAILED;
}
