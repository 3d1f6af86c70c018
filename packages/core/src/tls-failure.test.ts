import { expect, it } from 'vitest';
import { tlsFailure } from './index.ts';

it.each([
  ['SELF_SIGNED_CERT_IN_CHAIN', /caFile/],
  ['UNABLE_TO_VERIFY_LEAF_SIGNATURE', /caFile/],
  ['CERT_HAS_EXPIRED', /renew it/],
  ['ERR_TLS_CERT_ALTNAME_INVALID', /serverName/],
  ['ERR_SSL_WRONG_VERSION_NUMBER', /no TLS on this port/],
  ['ERR_SSL_TLSV13_ALERT_CERTIFICATE_REQUIRED', /asks this node for a certificate/],
  ['ERR_SSL_TLSV1_ALERT_UNKNOWN_CA', /a certificate of this node that it can trust/],
  ['ERR_SSL_SSLV3_ALERT_CERTIFICATE_EXPIRED', /this node's certificate is over/],
  ['ERR_OSSL_X509_KEY_VALUES_MISMATCH', /do not belong together/],
])('a handshake that failed with %s is told with what to do', (code, advice) => {
  expect(tlsFailure(Object.assign(new Error('handshake'), { code }))).toMatch(advice);
});

it.each([undefined, null, 'text', new Error('no code'), { code: 'ECONNREFUSED' }, { code: 7 }])(
  'what is no failed handshake (%s) has no advice',
  (error) => {
    expect(tlsFailure(error)).toBeUndefined();
  },
);

it('OpenSSL is quoted without where in its source it was', () => {
  const message =
    '40BDA151CC7F0000:error:0A00045C:SSL routines:ssl3_read_bytes:tlsv13 alert certificate required:../deps/record.c:918:SSL alert number 116\n';
  const error = Object.assign(new Error(message), { code: 'ERR_SSL_TLSV13_ALERT_CERTIFICATE_REQUIRED' });
  expect(tlsFailure(error)).toMatch(/^tlsv13 alert certificate required; the server asks this node for/);
});
