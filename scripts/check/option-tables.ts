/**
 * Holds the tables of options in the packages' READMEs against the interfaces that declare the options: a table stands
 * between `<!-- options: <interface>, … in <file> -->` and `<!-- /options -->`. With `--write`, writes them.
 */
import { execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { optionTable } from './option-table.ts';

const MARKED = /<!-- options: ([\w, ]+) in (\S+) -->\n[\s\S]*?<!-- \/options -->/g;

const isWriting = process.argv.includes('--write');
const readmes = execFileSync('git', ['ls-files', '-z', '*README.md'], { encoding: 'utf8' }).split('\0').filter(Boolean);
let tables = 0;
let outdated = 0;
for (const readme of readmes) {
  const text = readFileSync(readme, 'utf8');
  const current = text.replace(MARKED, (_, names: string, file: string) => {
    tables++;
    const source = readFileSync(join(dirname(readme), file), 'utf8');
    const table = optionTable(source, names.split(', '));
    return `<!-- options: ${names} in ${file} -->\n${table}\n<!-- /options -->`;
  });
  if (current === text) continue;
  outdated++;
  if (isWriting) writeFileSync(readme, current);
  else
    console.log(
      `error: ${readme}: its options are not those of the source: node scripts/check/option-tables.ts --write`,
    );
}
console.log(`option tables: ${tables}, ${outdated} ${isWriting ? 'written' : 'outdated'}`);
process.exit(tables === 0 || (outdated > 0 && !isWriting) ? 1 : 0);
