/** The code of the system error at the bottom: ENOENT, ECONNREFUSED. */
export function systemCodeOf(error: unknown): string | undefined {
  for (let inner = error; inner instanceof Error; inner = inner.cause) {
    const { code } = inner as { code?: unknown };
    if (typeof code === 'string') return code;
  }
  return undefined;
}
