import { isDeepStrictEqual } from 'node:util';
import type { ConfigProblem, GatewayConfig, GatewayDirectory, Parsed } from '@lockstep/config';
import type { Logger } from 'pino';
import type { ConfigSource } from './config-source.ts';
import { SourceError } from './config-source.ts';
import type { DirectoryChanges } from './directory-changes.ts';
import { compareDirectories, countChanges } from './directory-changes.ts';
import { revisionOf } from './directory-names.ts';

/** How many of its configurations a node remembers to have run. */
const REVISIONS_MAX = 1_000;

/** What a look at the source came to. */
export type Reload = 'unchanged' | 'applied' | 'refused' | 'unreachable';

/** Where a running configuration comes from, and how it is understood. */
export interface LiveConfigOrigin {
  readonly source: ConfigSource;
  readonly parse: (text: string) => Parsed<GatewayConfig>;
}

/** What a look came to on this node; `cleared` resolves once the others were told, or that was tried. */
interface Look {
  readonly reload: Reload;
  readonly cleared?: Promise<void>;
}

/** What following a configuration takes. */
export interface LiveConfigOptions extends LiveConfigOrigin {
  /** What the node has started with. */
  readonly started: GatewayConfig;
  /** Has the node go by another directory from now on, at once; resolves once what changed was cleared, or that was tried. */
  readonly apply: (directory: GatewayDirectory, changes: DirectoryChanges, revision: string) => Promise<void>;
  readonly logger: Logger;
  /** Aborted when the node closes. */
  readonly closing: AbortSignal;
}

/** How following a configuration stands. */
export interface LiveConfigStatus {
  /** `current`: as the source had it last. `refused`: the source has one that cannot be used. */
  readonly state: 'current' | 'refused' | 'unreachable';
  readonly applied: number;
  readonly refused: number;
  readonly unreachable: number;
  /** Settings that the source has otherwise than this node runs with. */
  readonly needsRestart: readonly string[];
}

/**
 * Follows a configuration while the node runs: who may use which servers changes with it, the settings of the process do
 * not. One that cannot be used is told, with every problem, and the one before it stays.
 */
export class LiveConfig {
  readonly #options: LiveConfigOptions;
  /** The revisions that this node has run. */
  readonly #revisions: Set<string> = new Set();
  readonly #counts = { applied: 0, refused: 0, unreachable: 0 };
  #directory: GatewayDirectory;
  #state: LiveConfigStatus['state'] = 'current';
  #needsRestart: readonly string[] = [];
  #lastText: string | undefined;
  #lastIsRefused = false;
  #looking: Promise<Look> | undefined;
  #next: Promise<Look> | undefined;

  constructor(options: LiveConfigOptions) {
    this.#options = options;
    this.#directory = options.started.directory;
    this.#remember(revisionOf(this.#directory));
  }

  get status(): LiveConfigStatus {
    return { state: this.#state, ...this.#counts, needsRestart: this.#needsRestart };
  }

  /** Whether this node has run a revision of the directory. */
  hasRun(revision: string): boolean {
    return this.#revisions.has(revision);
  }

  /** Looks at the source now, and from now on whenever it may have changed. */
  watch(): void {
    this.#options.source.watch(() => void this.reload());
    void this.reload();
  }

  /**
   * Looks at the source now; where that is under way, once more after it. Resolves once what changed was cleared on every
   * node, or that was tried. Never rejects.
   */
  async reload(): Promise<Reload> {
    const { reload, cleared } = await this.#soon();
    await cleared;
    return reload;
  }

  /** Looks no more; resolves once a look under way has ended. */
  async close(): Promise<void> {
    this.#options.source.close();
    await this.#looking;
  }

  #soon(): Promise<Look> {
    if (this.#looking === undefined) return this.#start();
    this.#next ??= this.#looking.then(() => {
      this.#next = undefined;
      return this.#start();
    });
    return this.#next;
  }

  #start(): Promise<Look> {
    this.#looking = this.#look().finally(() => {
      this.#looking = undefined;
    });
    return this.#looking;
  }

  async #look(): Promise<Look> {
    const { closing, parse, source } = this.#options;
    if (closing.aborted) return { reload: 'unchanged' };
    let text: string | undefined;
    try {
      text = await source.read(closing);
    } catch (error) {
      return { reload: closing.aborted ? 'unchanged' : this.#unreachable(error) };
    }
    this.#reached();
    if (text === undefined || text === this.#lastText) return { reload: 'unchanged' };
    this.#lastText = text;
    const parsed = parse(text);
    this.#lastIsRefused = !parsed.ok;
    if (!parsed.ok) return { reload: this.#refuse(parsed.problems) };
    this.#state = 'current';
    return this.#take(parsed.value);
  }

  #take(config: GatewayConfig): Look {
    const { apply, logger, started } = this.#options;
    const needsRestart = changedSettings(started, config);
    if (needsRestart.length > 0 && !isDeepStrictEqual(needsRestart, this.#needsRestart)) {
      logger.warn(
        { settings: needsRestart },
        'settings changed that need a restart: the node goes on with the old ones',
      );
    }
    this.#needsRestart = needsRestart;
    if (isDeepStrictEqual(this.#directory, config.directory)) return { reload: 'unchanged' };
    const changes = compareDirectories(this.#directory, config.directory);
    for (const note of config.notes) logger.warn({ note }, 'note on the configuration');
    this.#directory = config.directory;
    this.#counts.applied++;
    const revision = revisionOf(config.directory);
    this.#remember(revision);
    const { keys, gateways } = config.directory;
    const told = { keys: keys.length, gateways: gateways.length, revoked: changes.revokedGrants.length };
    logger.info({ ...told, changes: countChanges(changes) }, 'a changed configuration is in use');
    return { reload: 'applied', cleared: apply(config.directory, changes, revision) };
  }

  #refuse(problems: readonly ConfigProblem[]): Reload {
    this.#state = 'refused';
    this.#counts.refused++;
    const told = problems.map(({ path, got, takes }) => `${path}: got ${got}; takes ${takes}`);
    this.#options.logger.error(
      { problems: told },
      'a changed configuration cannot be used: the node goes on with the one it has',
    );
    return 'refused';
  }

  #unreachable(error: unknown): Reload {
    const { logger, source } = this.#options;
    const reason = error instanceof SourceError ? error.code : 'unknown reason';
    if (this.#state !== 'unreachable') {
      logger.error(
        { source: source.name, reason },
        'the configuration cannot be read: the node goes on with what it has',
      );
    }
    this.#state = 'unreachable';
    this.#counts.unreachable++;
    return 'unreachable';
  }

  #reached(): void {
    if (this.#state !== 'unreachable') return;
    this.#options.logger.info({ source: this.#options.source.name }, 'the configuration can be read again');
    this.#state = this.#lastIsRefused ? 'refused' : 'current';
  }

  #remember(revision: string): void {
    this.#revisions.delete(revision);
    this.#revisions.add(revision);
    const [oldest] = this.#revisions;
    if (this.#revisions.size > REVISIONS_MAX && oldest !== undefined) this.#revisions.delete(oldest);
  }
}

/** The settings of the process that differ, by name, without a value. */
function changedSettings(from: GatewayConfig, to: GatewayConfig): readonly string[] {
  const [before, after] = [settingsOf(from), settingsOf(to)];
  const names = new Set([...before.keys(), ...after.keys()]);
  return [...names].filter((name) => !isDeepStrictEqual(before.get(name), after.get(name))).sort();
}

/** By name; those of a group by the group's name and their own. */
function settingsOf({ directory: _, notes: __, ...settings }: GatewayConfig): ReadonlyMap<string, unknown> {
  const named = Object.entries(settings).flatMap(([name, value]: [string, unknown]) => {
    const isGroup = typeof value === 'object' && value !== null && !Array.isArray(value);
    return isGroup ? Object.entries(value).map(([inner, each]) => [`${name}.${inner}`, each]) : [[name, value]];
  });
  return new Map(named as [string, unknown][]);
}
