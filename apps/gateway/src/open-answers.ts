import type { Server } from 'node:http';

/** The HTTP answers that a server still owes its clients. */
export class OpenAnswers {
  #open = 0;
  readonly #waiting: Set<() => void> = new Set();

  constructor(server: Server) {
    server.on('request', (_request, response) => {
      this.#open++;
      response.once('close', () => {
        this.#open--;
        if (this.#open > 0) return;
        for (const wake of this.#waiting) wake();
      });
    });
  }

  /** Resolves once every answer is out or its client is gone; after `timeoutMs` at the latest. */
  async ended(timeoutMs: number): Promise<void> {
    if (this.#open === 0) return;
    await new Promise<void>((resolve) => {
      const end = (): void => {
        clearTimeout(timer);
        this.#waiting.delete(end);
        resolve();
      };
      const timer = setTimeout(end, timeoutMs);
      this.#waiting.add(end);
    });
  }
}
