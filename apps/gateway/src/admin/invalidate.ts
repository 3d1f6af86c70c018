import type { Fence, InvalidationAnswer, InvalidationRequest } from '@lockstep/admin-api';
import type { CommittedOptions, Receipt } from '@lockstep/cache';
import type { AdminToken } from '@lockstep/config';
import type { ClearedCache, ClearOutcome, ClearRequest } from '@lockstep/gateway-cache';
import { auditMark, eventReceipt, recordClear } from '../audit.ts';
import type { AdminCaches } from './caches.ts';
import { previewOf } from './preview.ts';
import { refuseBeyondLimits } from './reach.ts';
import { Refusal } from './refusal.ts';
import type { Target } from './target.ts';
import { targetOf } from './target.ts';

/** A clear or an expire that a token asks for. */
export interface Asked {
  readonly token: AdminToken;
  readonly action: 'clear' | 'expire';
  readonly request: InvalidationRequest;
}

/** `POST /clear`, `POST /expire`: on every node, with receipts, and written down; or a look at what that would end. */
export async function invalidate(caches: AdminCaches, asked: Asked): Promise<InvalidationAnswer> {
  const { token, action, request } = asked;
  const { scope, reason = '', sample = 10 } = request;
  refuseBeyondLimits(token, scope);
  const target = targetOf(caches, scope);
  if (request.dryRun === true) {
    return { dryRun: true, action, scope, preview: await previewOf(caches, target, sample) };
  }
  const { audit, cache, logger } = caches.services;
  const options: Pick<CommittedOptions, 'wait'> = request.wait === undefined ? {} : { wait: request.wait };
  const outcome = await ('request' in target
    ? cache.clear({ ...target.request, ...options, kind: action })
    : outcomeOf(target.cache, end(caches, target, { action, options })));
  const recorded = await recordClear(audit, { actor: `admin:${token.name}`, action, scope, reason }, outcome);
  const mark = auditMark(recorded);
  const receipts = outcome.committed.map(({ cache: part, receipt }) => eventReceipt(part, receipt));
  const unknown = [...new Set(outcome.unknown.map(({ cache: part }) => part))];
  logger.info(
    { token: token.name, action, events: receipts.length, unknown, audit: mark.state },
    'asked by the admin API',
  );
  if (unknown.length > 0) {
    const message = `The shared tier did not confirm the ${action} of ${unknown.join(', ')}: it may have happened or not; try again.`;
    throw new Refusal('tier-unavailable', message, { unknown, receipts, audit: mark });
  }
  const fence = weakestFence(outcome);
  return { dryRun: false, action, scope, receipts, ...(fence && { fence }), audit: mark };
}

function end(
  caches: AdminCaches,
  target: Exclude<Target, { readonly request: ClearRequest }>,
  { action, options }: { readonly action: 'clear' | 'expire'; readonly options: Pick<CommittedOptions, 'wait'> },
): Promise<Receipt> {
  if ('tag' in target) return caches.lockstep[action]({ tag: target.tag }, options);
  const { namespace, key } = target;
  if (key === undefined) return caches.lockstep[action]({ namespace }, options);
  return caches.namespace(namespace)[action](key, options);
}

/** One event, as an outcome of one part; an error that says nothing of the tier goes on to the caller. */
async function outcomeOf(cache: string, receipt: Promise<Receipt>): Promise<ClearOutcome> {
  const part = cache as ClearedCache;
  try {
    return { committed: [{ cache: part, receipt: await receipt }], unknown: [] };
  } catch (cause) {
    if (!isUnknown(cause)) throw cause;
    return { committed: [], unknown: [{ cache: part, cause }] };
  }
}

function isUnknown(cause: unknown): boolean {
  const code = (cause as { readonly code?: unknown }).code;
  return code === 'tier-unavailable' || code === 'tier-refused' || code === 'closed';
}

/** What holds for every part of a fenced one; undefined where it was not fenced. */
function weakestFence({ committed }: ClearOutcome): Fence | undefined {
  const fences = committed.flatMap(({ receipt: { fence } }) => (fence === undefined ? [] : [fence]));
  if (fences.length === 0) return undefined;
  const members: Record<string, 'acknowledged' | 'fenced out'> = {};
  for (const [member, how] of fences.flatMap((fence) => Object.entries(fence.members))) {
    if (members[member] !== 'fenced out') members[member] = how;
  }
  return { by: fences.some(({ by }) => by === 'time') ? 'time' : 'acknowledgements', members };
}
