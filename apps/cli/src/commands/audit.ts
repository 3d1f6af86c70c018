import type { AuditPage, AuditRecord, AuditVerdict, BrokenRecord } from '@lockstep/admin-api';
import { AUDIT_PAGE_MAX } from '@lockstep/admin-api';
import type { Command } from 'commander';
import { Option } from 'commander';
import type { NodeConnection } from '../connection.ts';
import type { ExitCode } from '../exit-codes.ts';
import { EXIT } from '../exit-codes.ts';
import { writeDocument } from '../output/document.ts';
import { table } from '../output/table.ts';
import { counted } from '../output/units.ts';
import type { Terminal } from '../terminal.ts';
import { say } from '../terminal.ts';
import type { CommandContext, NodeCommandOptions } from './node-command.ts';
import { speaksToNode, wholeNumber, withExamples, withNode } from './node-command.ts';

interface AuditOptions extends NodeCommandOptions {
  readonly from?: number;
  readonly limit?: number;
  readonly verify?: true;
}

const HEADINGS = ['record', 'time', 'actor', 'action', 'scope', 'outcome', 'reason'];

const FAULTS: Readonly<Record<BrokenRecord['fault'], string>> = {
  changed: 'it is not what was written there',
  missing: 'it is gone',
  truncated: 'the trail ends there, and this node has seen later records',
  unlinked: 'it does not follow the one before it',
  unreadable: 'it was written under another secret',
};

/** `lockstep audit`: who cleared what, when and why; with `--verify`, whether that is what was written. */
export function addAudit(parent: Command, context: CommandContext): void {
  const command = parent
    .command('audit')
    .description('Who cleared what, when and why; --verify: whether the trail is as it was written.')
    .option('--from <record>', 'the first record; left out: the newest ones', wholeNumber(1, Number.MAX_SAFE_INTEGER))
    .option('--limit <records>', 'how many at most (left out: 50)', wholeNumber(1, AUDIT_PAGE_MAX))
    .addOption(new Option('--verify', 'check every record instead (exit code 6: broken)').conflicts(['from', 'limit']));
  withExamples(speaksToNode(command), ['audit', 'audit --from 1 --limit 500 --json', 'audit --verify']).action(
    (options: AuditOptions) =>
      withNode(options, context, (connection) =>
        options.verify === true ? verify(connection, options, context) : list(connection, options, context),
      ),
  );
}

async function list({ client }: NodeConnection, options: AuditOptions, context: CommandContext): Promise<ExitCode> {
  const { terminal, signal } = context;
  const { from, limit } = options;
  const page = await client.audit(
    { ...(from === undefined ? {} : { from }), ...(limit === undefined ? {} : { limit }) },
    { signal },
  );
  if (options.json === true) writeDocument(terminal, page);
  else terminal.stdout.write(auditText(page, terminal));
  const { damaged = [] } = page;
  if (damaged.length > 0) say(terminal, `not as they were written: records ${damaged.join(', ')}; see audit --verify`);
  if (page.next !== null) say(terminal, `there are more, up to record ${page.head}: --from ${page.next}`);
  return damaged.length > 0 ? EXIT.notVerified : EXIT.ok;
}

async function verify({ client }: NodeConnection, options: AuditOptions, context: CommandContext): Promise<ExitCode> {
  const { terminal, signal } = context;
  const verdict = await client.verifyAudit({ signal });
  if (options.json === true) writeDocument(terminal, verdict);
  else terminal.stdout.write(verdictText(verdict));
  return verdict.valid ? EXIT.ok : EXIT.notVerified;
}

/** Records as people read them. */
function auditText({ records }: AuditPage, { stdout }: Terminal): string {
  return table(stdout, HEADINGS, records.map(recordCells));
}

function recordCells({ sequence, at, actor, action, scope, outcome, reason }: AuditRecord): readonly string[] {
  return [String(sequence), at, actor, action, scopeText(scope), outcome, reason];
}

/** What a record concerned, in one line: `namespace=tools key=a`. */
export function scopeText(scope: Readonly<Record<string, unknown>>): string {
  const parts = Object.entries(scope).map(([name, value]) => {
    if (value === true) return name;
    return `${name}=${typeof value === 'string' ? value : JSON.stringify(value)}`;
  });
  return parts.join(' ');
}

/** A verdict as people read it. */
function verdictText(verdict: AuditVerdict): string {
  if (verdict.valid) return `valid: ${counted(verdict.records, 'record')}, the last one's hash is ${verdict.hash}\n`;
  const { broken, checked } = verdict;
  return `broken at record ${broken.sequence}: ${FAULTS[broken.fault]}; ${counted(checked, 'record')} before it checked\n`;
}
