import { readFileSync } from 'node:fs';
import { formatProblems, loadGatewayConfig, redactConfig } from '@lockstep/config';

export function main(file: string): void {
  const result = loadGatewayConfig({
    file,
    environment: process.env,
    readText: (path) => readFileSync(path, 'utf8'),
  });
  if (result.ok) {
    console.log(JSON.stringify(redactConfig(result.value), undefined, 2)); // every secret masked
  } else {
    process.stderr.write(formatProblems(result.problems)); // every problem, not the first one
    process.exitCode = 2;
  }
}
