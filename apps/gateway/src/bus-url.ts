import type { NatsBusOptions } from '@lockstep/bus-nats';

/** The bus's servers and user, from a URL such as `nats://user:password@host:4222`, or several with commas between. */
export function parseBusUrl(busUrl: string): Pick<NatsBusOptions, 'servers' | 'credentials'> {
  const urls = busUrl.split(',').map((url) => new URL(url));
  const servers = urls.map(({ protocol, host }) => `${protocol}//${host}`);
  const withUser = urls.find(({ username }) => username !== '');
  if (withUser === undefined) return { servers };
  const [user, pass] = [decodeURIComponent(withUser.username), decodeURIComponent(withUser.password)];
  return { servers, credentials: pass === '' ? { token: user } : { user, pass } };
}
