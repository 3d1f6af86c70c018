import type { Terminal } from '../terminal.ts';

/** Another screen than that of the shell, no cursor, and lines that end at the edge. */
const ENTER = '\u001b[?1049h\u001b[?25l\u001b[?7l\u001b[2J';
const LEAVE = '\u001b[?7h\u001b[?25h\u001b[?1049l';
/** Between these a terminal that knows them shows nothing half drawn. */
const [BEGIN, END] = ['\u001b[?2026h\u001b[H', '\u001b[J\u001b[?2026l'];
/** Before a line, not after it: behind a line as wide as the terminal the cursor is on its last character. */
const ERASE_LINE = '\u001b[2K';

/** What a person at the screen does. */
export interface ScreenOptions {
  readonly quit: () => void;
  readonly interrupt: () => void;
  readonly resized: () => void;
}

/** The whole terminal, for as long as it is open. It is given back as it was, also where the process ends without closing it. */
export class Screen {
  readonly #stdin: Terminal['stdin'];
  readonly #stdout: Terminal['stdout'];
  readonly #options: ScreenOptions;
  #shown: string | undefined;

  constructor({ stdin, stdout }: Terminal, options: ScreenOptions) {
    this.#stdin = stdin;
    this.#stdout = stdout;
    this.#options = options;
    stdout.write(ENTER);
    stdout.on('resize', this.#resized);
    process.once('exit', this.#leave);
    if (stdin.isTTY !== true) return;
    stdin.setRawMode?.(true);
    stdin.on('data', this.#pressed);
  }

  get size(): { readonly columns: number; readonly rows: number } {
    const { columns = 80, rows = 24 } = this.#stdout;
    return { columns, rows };
  }

  /** Shows these lines in place of those before. */
  draw(lines: readonly string[]): void {
    const picture = lines.map((line) => `${ERASE_LINE}${line}`).join('\r\n');
    if (picture === this.#shown) return;
    this.#shown = picture;
    this.#stdout.write(`${BEGIN}${picture}${END}`);
  }

  close(): void {
    this.#stdout.off('resize', this.#resized);
    process.off('exit', this.#leave);
    this.#leave();
  }

  readonly #leave = (): void => {
    this.#stdout.write(LEAVE);
    if (this.#stdin.isTTY !== true) return;
    this.#stdin.off('data', this.#pressed);
    this.#stdin.setRawMode?.(false);
    this.#stdin.pause();
  };

  readonly #resized = (): void => {
    this.#shown = undefined;
    this.#options.resized();
  };

  readonly #pressed = (keys: Buffer | string): void => {
    // In raw mode Ctrl-C is a key like others.
    if (keys.includes('\u0003')) this.#options.interrupt();
    else if (keys.includes('q')) this.#options.quit();
  };
}
