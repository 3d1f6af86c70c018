/** Losses in a row after which a server is left alone, and for how long: ever longer while it goes on. */
const LOSSES_MAX = 3;
const LEFT_ALONE_MS = { first: 1_000, most: 30_000 };
/** A connection that has lasted so long was of use: what has ended it is no loop. */
const LASTING_MS = 10_000;

/**
 * Tells how long to leave a server alone that shakes hands and then ends, again and again. One whose process was killed
 * is started again at once; the third in a row that was of no use has to wait. Times are monotonic milliseconds.
 */
export class RestartBackoff {
  #losses = 0;
  #openedMs = 0;
  #notBeforeMs = Number.NEGATIVE_INFINITY;

  /** A connection was made. */
  opened(nowMs: number): void {
    this.#openedMs = nowMs;
  }

  /** It was of use: a tool has answered on it. */
  worked(): void {
    this.#losses = 0;
  }

  /** It was lost; answers for how long the server is left alone. */
  lost(nowMs: number): number {
    this.#losses = nowMs - this.#openedMs < LASTING_MS ? this.#losses + 1 : 1;
    if (this.#losses < LOSSES_MAX) return 0;
    const pauseMs = Math.min(LEFT_ALONE_MS.first * 2 ** (this.#losses - LOSSES_MAX), LEFT_ALONE_MS.most);
    this.#notBeforeMs = nowMs + pauseMs;
    return pauseMs;
  }

  /** Whether the server is to be left alone now. */
  isWaiting(nowMs: number): boolean {
    return nowMs < this.#notBeforeMs;
  }
}
