import type {
  ClusterSettings,
  Commit,
  ControlState,
  Head,
  Incarnation,
  LogRecord,
  NodeId,
  ScopeEffect,
  ScopeId,
  ScopeKind,
} from '@lockstep/core';
import { CONTROL_PARTITION, decodeLogBody, encodeLogBody } from '@lockstep/core';
import type { Connection, PipelineCommand } from './connection.ts';
import { malformedReply } from './failure.ts';
import { endScopeScript } from './generated/end-scope.ts';
import { foundScript } from './generated/found.ts';
import { foundControlScript } from './generated/found-control.ts';
import { settleScript } from './generated/settle.ts';
import type { KeyLayout } from './key-layout.ts';
import { epochField } from './key-layout.ts';
import { randomHex64 } from './random.ts';
import { parseHead, parseNumber, Reply, textOf } from './reply.ts';

const EPOCH_FIELD = /^epoch:(clear-scope|expire-scope):([0-9a-f]{32})$/;
const LOG_ID = /^(\d{1,16})-0$/;

/** The scripts and commands about the partitions' histories. */
export class Histories {
  readonly #connection: Connection;
  readonly #keys: KeyLayout;

  constructor(connection: Connection, keys: KeyLayout) {
    this.#connection = connection;
    this.#keys = keys;
  }

  async found(partition: number, incarnation: Incarnation): Promise<Head> {
    if (partition === CONTROL_PARTITION) {
      const { control, log } = this.#keys.control;
      const reply = await this.#connection.run(foundControlScript, [control, log], [incarnation]);
      return new Reply('found', reply).head(0);
    }
    const { head, log, leases } = this.#keys.partition(partition);
    return new Reply('found', await this.#connection.run(foundScript, [head, log, leases], [incarnation])).head(0);
  }

  /** One pipeline a shard: a plain write, which an isolated primary or a replica refuses, then the heads. */
  async heads(partitions: readonly number[]): Promise<readonly (Head | undefined)[]> {
    const heads = new Map<number, Head | undefined>();
    const readShard = async (shard: readonly number[]): Promise<void> => {
      const [first] = shard;
      if (first === undefined) return;
      const commands = [this.#plainWrite(first), ...shard.map((partition) => this.#getHead(partition))];
      const [, ...replies] = await this.#connection.pipeline('heads', commands);
      shard.forEach((partition, at) => {
        heads.set(partition, parseHead(replies[at]));
      });
    };
    await Promise.all(this.#connection.shards(partitions).map(readShard));
    return partitions.map((partition) => heads.get(partition));
  }

  /**
   * The log as far as it can be read: a record that does not parse ends it, whatever comes after. The caller then
   * misses events up to the head it knows of, as if they had left the log, and starts over.
   */
  async log(partition: number, sequence: number, limit: number): Promise<readonly LogRecord[]> {
    const range = [this.#keys.log(partition), `${sequence}-0`, '+', 'COUNT', limit];
    const reply = await this.#connection.call('log', (client) => client.callBuffer('xrange', range));
    if (!Array.isArray(reply)) throw malformedReply('log');
    const records: LogRecord[] = [];
    for (const item of reply) {
      const record = parseRecord(item);
      if (record === undefined) {
        this.#connection.config.logger.warn('a record of the tier log does not parse', { partition });
        break;
      }
      records.push(record);
    }
    return records;
  }

  /** Commits a clear or an expire of a scope: its sequence is the scope's epoch from then on. */
  async endScope(effect: ScopeEffect, sender: NodeId): Promise<Commit> {
    const { logMax, epochsKeepMs } = this.#connection.config;
    const { control, log } = this.#keys.control;
    const args = [randomHex64(), logMax, encodeLogBody(effect, sender), epochField(effect), epochsKeepMs];
    return new Reply('end scope', await this.#connection.runInTurn(endScopeScript, [control, log], args)).commit(0);
  }

  async control(): Promise<ControlState | undefined> {
    const { control } = this.#keys.control;
    const fields = await this.#connection.call('control', (client) => client.hgetall(control));
    const head = parseHead(fields['head']);
    if (head === undefined) return undefined;
    // An epoch that does not parse is a clear that nobody would heed.
    const known = (value: unknown): number => {
      const number = parseNumber(value);
      if (number === undefined) throw malformedReply('control');
      return number;
    };
    const epochs = Object.entries(fields).flatMap(([field, value]) => {
      const [, kind, scopeId] = EPOCH_FIELD.exec(field) ?? [];
      if (kind === undefined) return [];
      return [{ kind: kind as ScopeKind, scopeId: scopeId as ScopeId, sequence: known(value) }];
    });
    return { head, floor: known(fields['floor'] ?? '0'), epochs };
  }

  async settle(settings: ClusterSettings): Promise<ClusterSettings> {
    const { partitions, format, secretFingerprint, deltaMaxMs } = settings;
    const args = Object.entries({ partitions, format, secretFingerprint, deltaMaxMs }).flat();
    const reply = new Reply('settle', await this.#connection.run(settleScript, [this.#keys.control.control], args));
    return {
      partitions: reply.number(0),
      format: reply.number(1),
      secretFingerprint: reply.text(2),
      deltaMaxMs: reply.number(3),
    };
  }

  #plainWrite(partition: number): PipelineCommand {
    const keys = partition === CONTROL_PARTITION ? this.#keys.control : this.#keys.partition(partition);
    return ['del', keys.nothing];
  }

  #getHead(partition: number): PipelineCommand {
    if (partition === CONTROL_PARTITION) return ['hget', this.#keys.control.control, 'head'];
    return ['get', this.#keys.partition(partition).head];
  }
}

/** A record is `[id, [p, previous, e, body]]`. */
function parseRecord(item: unknown): LogRecord | undefined {
  if (!Array.isArray(item) || !Array.isArray(item[1])) return undefined;
  const [p, previousText, e, body] = item[1] as readonly unknown[];
  const sequence = parseNumber(LOG_ID.exec(textOf(item[0]) ?? '')?.[1]);
  const previous = parseNumber(previousText);
  if (sequence === undefined || previous === undefined || previous >= sequence) return undefined;
  if (textOf(p) !== 'p' || textOf(e) !== 'e' || !Buffer.isBuffer(body)) return undefined;
  const effect = decodeLogBody(body)?.effect;
  return effect && { sequence, previous, effect };
}
