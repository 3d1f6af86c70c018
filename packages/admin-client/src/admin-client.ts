import type {
  AdminEvent,
  AuditPage,
  AuditQuery,
  AuditVerdict,
  ExplainQuery,
  Explanation,
  InvalidationAnswer,
  InvalidationDone,
  InvalidationPreview,
  InvalidationRequest,
  Nodes,
  Status,
  SweepReport,
  SweepRequest,
  WarmProgress,
  WarmRequest,
} from '@lockstep/admin-api';
import { AdminError } from './admin-error.ts';
import type { AdminClientOptions, CallOptions } from './options.ts';
import { resolveOptions } from './options.ts';
import { Transport } from './transport.ts';

type DryRun = Omit<InvalidationRequest, 'dryRun'> & { readonly dryRun: true };
type Invalidation = Omit<InvalidationRequest, 'dryRun' | 'reason'> & {
  readonly dryRun?: false;
  readonly reason: string;
};

/** A typed client of the admin API of one node. Every call rejects with `AdminError`, or with the reason of an abort. */
export class AdminClient {
  readonly #transport: Transport;

  constructor(options: AdminClientOptions) {
    this.#transport = new Transport(resolveOptions(options));
  }

  /** The caches in numbers, the node and the cluster. */
  status(options: CallOptions = {}): Promise<Status> {
    return this.#transport.call('status', {}, options);
  }

  /** The members of the cluster. */
  nodes(options: CallOptions = {}): Promise<Nodes> {
    return this.#transport.call('nodes', {}, options);
  }

  /** Clears a scope on every node; with `dryRun`, shows what would be cleared. */
  clear(body: DryRun, options?: CallOptions): Promise<InvalidationPreview>;
  clear(body: Invalidation, options?: CallOptions): Promise<InvalidationDone>;
  clear(body: DryRun | Invalidation, options: CallOptions = {}): Promise<InvalidationAnswer> {
    return this.#transport.call('clear', { body }, options);
  }

  /** Ends the freshness of a scope on every node; with `dryRun`, shows what that would concern. */
  expire(body: DryRun, options?: CallOptions): Promise<InvalidationPreview>;
  expire(body: Invalidation, options?: CallOptions): Promise<InvalidationDone>;
  expire(body: DryRun | Invalidation, options: CallOptions = {}): Promise<InvalidationAnswer> {
    return this.#transport.call('expire', { body }, options);
  }

  /** Why the node would answer what for one key. */
  explain(query: ExplainQuery, options: CallOptions = {}): Promise<Explanation> {
    return this.#transport.call('explain', { query }, options);
  }

  /** Gives back memory of the tier, a part at a time. */
  sweep(body: SweepRequest, options: CallOptions = {}): Promise<SweepReport> {
    return this.#transport.call('sweep', { body }, options);
  }

  /** Discovers tools, and tells of each server. Breaks off with `broken-off` where the last item, `done`, did not come. */
  async *warm(body: WarmRequest, options: CallOptions = {}): AsyncGenerator<WarmProgress, void, undefined> {
    let isDone = false;
    for await (const progress of this.#transport.stream('warm', { body }, options)) {
      isDone ||= progress.type === 'done';
      yield progress;
    }
    if (!isDone) throw new AdminError('broken-off', 'warm: the stream ended before it said that it is done');
  }

  /** Records of the audit trail, oldest first; without `from`, the newest. */
  audit(query: AuditQuery, options: CallOptions = {}): Promise<AuditPage> {
    return this.#transport.call('audit', { query }, options);
  }

  /** Whether the audit trail is as it was written. */
  verifyAudit(options: CallOptions = {}): Promise<AuditVerdict> {
    return this.#transport.call('verifyAudit', {}, options);
  }

  /** What happens on the node and in the cluster. Ends when the node leaves; then ask another one. */
  events(options: CallOptions = {}): AsyncGenerator<AdminEvent, void, undefined> {
    return this.#transport.stream('events', {}, options);
  }

  /** The API as an OpenAPI 3.1 document. */
  openapi(options: CallOptions = {}): Promise<Readonly<Record<string, unknown>>> {
    return this.#transport.call('openapi', {}, options);
  }
}
