import { writeFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { openApiDocument } from '../src/openapi.ts';

/** Writes `openapi.json`: the contract as an OpenAPI 3.1 document. A test compares it with the contract. */
writeFileSync(resolve(import.meta.dirname, '../openapi.json'), `${JSON.stringify(openApiDocument(), undefined, 2)}\n`);
