import type { Terminal } from '../terminal.ts';

/** Writes one document for machines. */
export function writeDocument({ stdout }: Terminal, document: unknown): void {
  stdout.write(`${JSON.stringify(document, undefined, 2)}\n`);
}

/** Writes one document of many, on a line of its own (NDJSON). */
export function writeLine({ stdout }: Terminal, document: unknown): void {
  stdout.write(`${JSON.stringify(document)}\n`);
}
