/** Where the bus is, and who this node is to it. */
export interface BusAddress {
  readonly servers: readonly string[];
  readonly credentials?: { readonly token: string } | { readonly user: string; readonly pass: string };
}

/** The bus's servers and user, from a URL such as `nats://user:password@host:4222`, or several with commas between. */
export function parseBusUrl(busUrl: string): BusAddress {
  const urls = busUrl.split(',').map((url) => new URL(url));
  const servers = urls.map(({ protocol, host }) => `${protocol}//${host}`);
  const withUser = urls.find(({ username }) => username !== '');
  if (withUser === undefined) return { servers };
  const [user, pass] = [decodeURIComponent(withUser.username), decodeURIComponent(withUser.password)];
  return { servers, credentials: pass === '' ? { token: user } : { user, pass } };
}
