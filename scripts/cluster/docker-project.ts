import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { output } from './output.ts';
import type { SourceContext } from './server.ts';

/** An engine that runs answers at once; one that is starting, or far away, is not waited for. */
const ASK_TIMEOUT_MS = 5_000;
/** Images may have to come over a slow line first. */
const UP_TIMEOUT_MS = 300_000;
const DOWN_TIMEOUT_MS = 30_000;
const UP = ['up', '--detach', '--wait', '--no-build'];

/** What a project is made of. */
export interface ProjectOptions extends SourceContext {
  /** Of infra/compose. */
  readonly files: readonly string[];
  /** The variables that the files ask for. */
  readonly environment: Readonly<Record<string, string>>;
}

/** Services of infra/compose in a project of this run's own, which is removed when the run ends. */
export class DockerProject {
  readonly name: string = `lockstep-up-${randomBytes(4).toString('hex')}`;
  readonly #options: ProjectOptions;

  private constructor(options: ProjectOptions) {
    this.#options = options;
  }

  /** A project that has nothing yet; the reason where no engine with compose answers. */
  static async open(options: ProjectOptions): Promise<DockerProject | { readonly why: string }> {
    const project = new DockerProject(options);
    if ((await project.ask('info', '--format', '{{.ServerVersion}}')) === undefined) {
      return { why: 'no Docker engine answers' };
    }
    if ((await project.ask('compose', 'version')) === undefined) return { why: 'Docker has no compose plugin' };
    return project;
  }

  /** What a short docker command answers; undefined where it fails. */
  async ask(...args: string[]): Promise<string | undefined> {
    const { code, text } = await output('docker', args, { signal: this.#options.signal, timeoutMs: ASK_TIMEOUT_MS });
    return code === 0 ? text.trim() : undefined;
  }

  /** Starts services and waits until they are healthy; otherwise the reason, in words, and nothing is left. */
  async start(services: readonly string[]): Promise<string | undefined> {
    const { closing, say, signal } = this.#options;
    const named = services.join(', ').replace(/, ([^,]*)$/, ' and $1');
    say(`starting ${named} with Docker; the first time, their images have to be fetched`);
    const remove = (): Promise<void> => this.#compose(['down', '--volumes', '--timeout', '5'], DOWN_TIMEOUT_MS);
    closing.add(`remove the Docker project ${this.name}`, remove, DOWN_TIMEOUT_MS + 1_000);
    try {
      await this.#compose([...UP, ...services], UP_TIMEOUT_MS, signal);
      return undefined;
    } catch (error) {
      signal.throwIfAborted();
      await remove().catch(() => undefined);
      const why = `Docker could not start ${named}: ${(error as Error).message}`;
      say(why);
      return why;
    }
  }

  async kill(service: string): Promise<void> {
    await this.#compose(['kill', service], DOWN_TIMEOUT_MS);
  }

  async startAgain(service: string): Promise<void> {
    await this.#compose([...UP, '--no-recreate', service], DOWN_TIMEOUT_MS);
  }

  async #compose(args: readonly string[], timeoutMs: number, signal?: AbortSignal): Promise<void> {
    const { root, files, environment } = this.#options;
    const given = files.flatMap((file) => ['--file', join(root, 'infra/compose', file)]);
    const words = ['compose', '--project-name', this.name, ...given, ...args];
    const { code, text } = await output('docker', words, { timeoutMs, environment, ...(signal && { signal }) });
    if (code !== 0) throw new Error(text.trim().split('\n').at(-1) ?? '');
  }
}
