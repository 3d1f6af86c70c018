/** What a failed TLS handshake means, and what to do about it; by the code of Node's error, or the end of it. */
const ADVICE: readonly (readonly [codes: RegExp, advice: string])[] = [
  [
    /^(DEPTH_ZERO_SELF_SIGNED_CERT|SELF_SIGNED_CERT_IN_CHAIN|UNABLE_TO_.*)$/,
    'no authority that this node trusts has signed the certificate of the server: name the file of the one that has (caFile)',
  ],
  [/^CERT_SIGNATURE_FAILURE$/, 'another authority than the one in caFile has signed the certificate of the server'],
  [/^CERT_HAS_EXPIRED$/, "the server's certificate is over: renew it"],
  [/^CERT_NOT_YET_VALID$/, "the server's certificate is not good yet: is this machine's clock right?"],
  [
    /^ERR_TLS_CERT_ALTNAME_INVALID$/,
    'the certificate is for other names: put one of them into the URL, or say which one to expect (serverName)',
  ],
  [
    /^ERR_SSL_(WRONG_VERSION_NUMBER|PACKET_LENGTH_TOO_LONG|HTTP_REQUEST)$|^EPROTO$/,
    'the server speaks no TLS on this port: use its TLS port, or a URL without TLS',
  ],
  [
    /^ERR_SSL_.*ALERT_(CERTIFICATE_REQUIRED|HANDSHAKE_FAILURE|NO_CERTIFICATE)$/,
    'the server asks this node for a certificate: name its file and that of its key (certFile, keyFile)',
  ],
  [
    /^ERR_SSL_.*ALERT_(BAD_CERTIFICATE|UNKNOWN_CA|CERTIFICATE_UNKNOWN|UNSUPPORTED_CERTIFICATE|CERTIFICATE_REVOKED)$/,
    'the server wants a certificate of this node that it can trust: signed by an authority it knows, and not over (certFile, keyFile)',
  ],
  [/^ERR_SSL_.*ALERT_CERTIFICATE_EXPIRED$/, "this node's certificate is over: renew it (certFile)"],
  [
    /^ERR_(OSSL|SSL)_.*(KEY_VALUES?_MISMATCH|NO_START_LINE|BAD_END_LINE|BAD_BASE64_DECODE|UNSUPPORTED)$/,
    "this node's certificate and key do not belong together, or a file is no PEM (caFile, certFile, keyFile)",
  ],
];

/** What OpenSSL says, between where it says it and in which file of its own. */
const OPENSSL = /^[0-9A-F]+:error:[0-9A-F]+:[^:]*:[^:]*:([^:]+):.*$/s;

/** Why a TLS handshake failed, and what to do about it; undefined for any other error. */
export function tlsFailure(error: unknown): string | undefined {
  const { code, message } = (error ?? {}) as { readonly code?: unknown; readonly message?: unknown };
  if (typeof code !== 'string') return undefined;
  const advice = ADVICE.find(([codes]) => codes.test(code))?.[1];
  return advice && `${String(message).replace(OPENSSL, '$1').trim()}; ${advice}`;
}
