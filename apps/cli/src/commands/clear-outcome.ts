import type {
  AuditMark,
  Fence,
  InvalidationDone,
  InvalidationPreview,
  InvalidationScope,
  Preview,
  Receipt,
} from '@lockstep/admin-api';
import type { AdminClientErrorCode, AdminError } from '@lockstep/admin-client';
import { errorCode } from '../command-error.ts';
import type { ExitCode } from '../exit-codes.ts';
import { EXIT } from '../exit-codes.ts';
import { table } from '../output/table.ts';
import { bytesText, counted } from '../output/units.ts';
import type { Terminal } from '../terminal.ts';
import { scopeText } from './audit.ts';

/** What became of one scope. */
export interface ScopeOutcome {
  readonly scope: InvalidationScope;
  /** `unknown`: it may be cleared or not, see `unknown` and `receipts`. `failed`: it is not. */
  readonly outcome: 'done' | 'unknown' | 'failed' | 'previewed';
  readonly receipts?: readonly Receipt[];
  readonly fence?: Fence;
  readonly audit?: AuditMark;
  readonly unknown?: readonly string[];
  readonly error?: { readonly code: string; readonly message: string };
  readonly preview?: Preview;
}

/** What `lockstep cache clear --json` prints. */
export interface ClearDocument {
  readonly action: 'clear' | 'expire';
  readonly dryRun: boolean;
  readonly scopes: readonly ScopeOutcome[];
}

/** What the API answers before it has done anything. */
const NOTHING_DONE: ReadonlySet<AdminClientErrorCode> = new Set([
  ...(['body-too-large', 'busy', 'draining', 'forbidden', 'host-refused', 'method-not-allowed', 'not-found'] as const),
  ...(['rate-limited', 'request-invalid', 'unauthenticated', 'unsupported-media-type'] as const),
]);
/** What the system says before a request was sent. */
const NOT_SENT: ReadonlySet<string | undefined> = new Set([
  ...['ECONNREFUSED', 'ENOTFOUND', 'EAI_AGAIN', 'EHOSTUNREACH', 'ENETUNREACH'],
]);

export function done({ scope, receipts, fence, audit }: InvalidationDone): ScopeOutcome {
  return { scope, outcome: 'done', receipts, audit, ...(fence === undefined ? {} : { fence }) };
}

export function previewed({ scope, preview }: InvalidationPreview): ScopeOutcome {
  return { scope, outcome: 'previewed', preview };
}

/** What a failed request may have done. */
export function failed(scope: InvalidationScope, error: AdminError): ScopeOutcome {
  const { code, message, unknown, receipts, audit } = error;
  const isNotDone = NOTHING_DONE.has(code) || (code === 'unreachable' && NOT_SENT.has(errorCode(error)));
  const told = { scope, error: { code, message } };
  if (isNotDone) return { ...told, outcome: 'failed' };
  return { ...told, outcome: 'unknown', unknown, receipts, ...(audit === undefined ? {} : { audit }) };
}

/** undefined: all have failed, and nothing is done. */
export function exitCodeOf(outcomes: readonly ScopeOutcome[]): ExitCode | undefined {
  if (outcomes.every(({ outcome }) => outcome === 'done' || outcome === 'previewed')) return EXIT.ok;
  return outcomes.every(({ outcome }) => outcome === 'failed') ? undefined : EXIT.partlyUnknown;
}

/** Clears as people read them: one event a line. */
export function clearText({ action, scopes }: ClearDocument, { stdout }: Terminal): string {
  const verb = action === 'clear' ? 'cleared' : 'expired';
  const words = { done: verb, unknown: `may be ${verb} or not`, failed: `not ${verb}`, previewed: '' } as const;
  const rows = scopes.flatMap((outcome) => {
    const [first, ...rest] = (outcome.receipts ?? []).map(receiptCells);
    const head = [scopeText({ ...outcome.scope }), words[outcome.outcome]];
    return [
      [...head, ...(first ?? ['', '', '']), auditText(outcome.audit)],
      ...rest.map((row) => ['', '', ...row, '']),
    ];
  });
  return table(stdout, ['scope', 'outcome', 'event', 'fence', 'replicas', 'audit'], rows);
}

function receiptCells({ cache, partition, sequence, fence, replicas }: Receipt): readonly [string, string, string] {
  return [
    `${cache} ${partition}:${sequence}`,
    fence === undefined ? '' : `${fence.by}, ${counted(Object.keys(fence.members).length, 'other node')}`,
    replicas === undefined ? '' : `${replicas.acknowledged} of ${replicas.wanted}`,
  ];
}

function auditText(audit: AuditMark | undefined): string {
  if (audit === undefined) return '';
  return audit.state === 'recorded' ? `record ${audit.sequence}` : audit.state;
}

/** Previews as people read them: how much each scope has, and some of it. */
export function previewText(outcomes: readonly ScopeOutcome[], stream: Terminal['stdout']): string {
  const previews = outcomes.flatMap(({ scope, preview }) => (preview === undefined ? [] : [{ scope, preview }]));
  const totals = previews.map(({ scope, preview: { entries, bytes, complete } }) => [
    scopeText({ ...scope }),
    `${complete ? '' : 'at least '}${entries}`,
    bytesText(bytes),
  ]);
  const sample = previews.flatMap(({ preview }) =>
    preview.sample.map(({ namespace, keyId, key, version, bytes }) => [
      namespace,
      key ?? `id ${keyId}`,
      version,
      bytesText(bytes),
    ]),
  );
  const text = table(stream, ['scope', 'entries', 'size'], totals);
  return sample.length === 0 ? text : `${text}\n${table(stream, ['namespace', 'key', 'version', 'size'], sample)}`;
}
