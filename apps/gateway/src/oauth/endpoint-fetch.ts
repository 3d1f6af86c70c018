/** More than the answer of an authorization server has. */
const ANSWER_BYTES_MAX = 65_536;
/** Answers that have no body. */
const EMPTY = new Set([101, 204, 205, 304]);

/** An authorization server answered with something that is not looked at. */
export class UnfitAnswerError extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'UnfitAnswerError';
  }
}

/**
 * Asks an authorization server: follows no redirect, which would carry a secret elsewhere, and reads a bounded answer. Its
 * challenge (`WWW-Authenticate`) is left out, so that the error in its body is what is told.
 */
export async function endpointFetch(url: string, init: RequestInit): Promise<Response> {
  const response = await fetch(url, { ...init, redirect: 'manual' });
  if (response.status >= 300 && response.status < 400) {
    await response.body?.cancel();
    throw new UnfitAnswerError(`it answers with a redirect (HTTP ${response.status}), which is not followed`);
  }
  const body = await textOf(response);
  const headers = new Headers(response.headers);
  headers.delete('www-authenticate');
  return new Response(EMPTY.has(response.status) ? null : body, { status: response.status, headers });
}

async function textOf(response: Response): Promise<Uint8Array<ArrayBuffer>> {
  const parts: Uint8Array[] = [];
  let bytes = 0;
  for await (const part of response.body ?? []) {
    bytes += part.byteLength;
    // Leaving the loop cancels what is left.
    if (bytes > ANSWER_BYTES_MAX) throw new UnfitAnswerError(`its answer has more than ${ANSWER_BYTES_MAX} bytes`);
    parts.push(part);
  }
  return new Uint8Array(Buffer.concat(parts));
}
