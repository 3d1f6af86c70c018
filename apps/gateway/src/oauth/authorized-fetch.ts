import type { FetchLike } from '@modelcontextprotocol/client';

/** Where the access tokens of one MCP server come from. */
export interface TokenSource {
  /** A token to send. Rejects with an `UpstreamError`, or the signal's reason. */
  get(signal?: AbortSignal): Promise<string>;
  /** The server refused this token. True: `get` may answer another one now. Never rejects. */
  rejected(accessToken: string): Promise<boolean>;
}

/**
 * A fetch that sends an access token with every request to the origin of `server`, and to no other. A token that is answered
 * with 401 is replaced, and the request sent again, once.
 */
export function authorizedFetch(server: URL, tokens: TokenSource): FetchLike {
  return async (url, init = {}) => {
    if (new URL(url).origin !== server.origin) return fetch(url, init);
    const signal = init.signal ?? undefined;
    const send = (accessToken: string): Promise<Response> => {
      const headers = new Headers(init.headers);
      headers.set('authorization', `Bearer ${accessToken}`);
      // A redirect goes back to the caller, who decides whether it stays with this server.
      return fetch(url, { redirect: 'manual', ...init, headers });
    };
    const first = await tokens.get(signal);
    const response = await send(first);
    if (response.status !== 401 || !(await tokens.rejected(first))) return response;
    const second = await tokens.get(signal);
    if (second === first) return response;
    await response.body?.cancel();
    return send(second);
  };
}
