import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { waitFor } from '@lockstep/testkit';
import { Redis } from 'ioredis';
import type { TestServer } from './test-server.ts';

const FORMS = join(import.meta.dirname, 'fixtures/redis-6.2-forms.txt');
const FORM_LINE = /^(\d+\.\d+\.\d+) (.+)$/;
/** Read at the end: what was called before it has been told of. */
const END_MARK = 'lockstep:end-of-record';
const SHOWN_CHARACTERS_MAX = 60;

/** One form of a command, as the fixture has it. */
export interface CommandForm {
  readonly since: string;
  readonly text: string;
}

/** The fixture's forms, in its order. */
export const COMMAND_FORMS: readonly CommandForm[] = readFileSync(FORMS, 'utf8')
  .split('\n')
  .filter((line) => line !== '' && !line.startsWith('#'))
  .map((line) => {
    const [, since, text] = FORM_LINE.exec(line) ?? [];
    if (since === undefined || text === undefined) throw new Error(`no form of a command: ${line}`);
    return { since, text };
  });

/** Tells the commands that servers run, those of scripts included, by their forms. */
export class CommandRecorder {
  /** The forms that commands had. */
  readonly used: Set<CommandForm> = new Set();
  /** Commands of no known form. */
  readonly unknown: Set<string> = new Set();
  readonly #servers: readonly TestServer[];
  readonly #monitors: readonly Redis[];
  readonly #counts: (name: string) => boolean;
  readonly #marks: Set<Redis> = new Set();

  /** `counts`: whose commands are recorded; `except`: the address from which a replica hears its primary's writes. */
  constructor(servers: readonly TestServer[], only: { counts: (name: string) => boolean; except: string }) {
    this.#servers = servers;
    this.#counts = only.counts;
    this.#monitors = servers.map(({ server: { host, port } }) => {
      const monitor = new Redis({ host, port, protocol: 2, disableClientInfo: true, monitor: true });
      monitor.on('error', () => {});
      monitor.on('monitor', (_: string, command: readonly string[], source: string) => {
        if (source !== only.except) this.#record(command);
        if (command[1] === END_MARK) this.#marks.add(monitor);
      });
      return monitor;
    });
  }

  /** Resolves when the servers tell what they run. */
  async begin(): Promise<void> {
    const isTold = (): boolean => this.#monitors.every((monitor) => (monitor.status as string) === 'monitoring');
    await waitFor(isTold, { what: 'the servers to tell what they run' });
  }

  /** Resolves when all that was called before has been recorded. */
  async end(): Promise<void> {
    await this.begin();
    await Promise.all(this.#servers.map((server) => server.raw.get(END_MARK)));
    await waitFor(() => this.#marks.size === this.#monitors.length, { what: 'the end of the record' });
    for (const monitor of this.#monitors) monitor.disconnect();
  }

  #record(command: readonly string[]): void {
    if (!this.#counts((command[0] ?? '').toLowerCase())) return;
    const form = COMMAND_FORMS.find(({ text }) => hasForm(command, text.split(/ (?![^<]*>)/)));
    if (form === undefined) this.unknown.add(command.map((word) => word.slice(0, SHOWN_CHARACTERS_MAX)).join(' '));
    else this.used.add(form);
  }
}

function hasForm(command: readonly string[], form: readonly string[]): boolean {
  const isOpen = form.at(-1) === '…';
  const words = isOpen ? form.slice(0, -1) : form;
  if (isOpen ? command.length < words.length : command.length !== words.length) return false;
  return words.every((word, at) => word.startsWith('<') || word.toLowerCase() === command[at]?.toLowerCase());
}
