import { isIP } from 'node:net';
import { Refusal } from './refusal.ts';

/**
 * Refuses what a web page of another place sends, also one whose name was made to lead here (DNS rebinding): a request has
 * to name this API by an address, as localhost, or by a name that it knows itself by; and where it comes from a page, that
 * has to be a page of this API.
 */
export function refuseOtherPlaces(headers: Headers, ownNames: ReadonlySet<string>): void {
  const host = headers.get('host') ?? '';
  const url = URL.canParse(`http://${host}`) ? new URL(`http://${host}`) : undefined;
  const name = url?.hostname.replace(/^\[|\]$/g, '') ?? '';
  const isKnown = isIP(name) !== 0 || name === 'localhost' || ownNames.has(name);
  if (!isKnown) {
    throw new Refusal(
      'host-refused',
      'Host: takes an address, localhost, or one of adminHost and adminHosts of this node',
    );
  }
  const origin = headers.get('origin');
  const isOwnPage = origin === null || origin === `http://${host}` || origin === `https://${host}`;
  if (!isOwnPage)
    throw new Refusal('host-refused', 'Origin: takes none, or that of this API: another page may not ask');
}
