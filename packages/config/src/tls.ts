import { createPrivateKey, X509Certificate } from 'node:crypto';
import type { ReadText } from './file.ts';
import { reasonOf } from './file.ts';
import type { Parsed } from './parse.ts';
import type { ConfigProblem } from './problem.ts';
import type { SettingValues } from './setting-values.ts';

/** TLS towards a server, as the adapters take it. The files hold PEM, and are read again for every connection. */
export interface TlsConfig {
  /** The authorities that may sign the server's certificate; absent: those Node trusts. */
  readonly caFile?: string;
  /** This node's own certificate and key, where the server asks for one. */
  readonly certFile?: string;
  readonly keyFile?: string;
  /** The name in the server's certificate; absent: the one in the URL. */
  readonly servername?: string;
}

const PARTS = ['CaFile', 'CertFile', 'KeyFile', 'ServerName'] as const;

/** Which server a setting is about, and the URL of it, where there is one. */
interface TlsServer {
  readonly of: 'tier' | 'bus';
  readonly url: string | undefined;
  readonly readText: ReadText;
}

/** The TLS settings of a server, their files looked at; undefined: nothing is set. */
export function tlsOf(values: SettingValues, { of, url, readText }: TlsServer): Parsed<TlsConfig | undefined> {
  const problems: ConfigProblem[] = [];
  const set = PARTS.map((part) => `${of}${part}` as const).filter((name) => values[name] !== undefined);
  const [first] = set;
  if (first === undefined) return { ok: true, value: undefined };
  if (url === undefined || (of === 'tier' && !url.startsWith('rediss:'))) {
    const takes = of === 'tier' ? 'a tierUrl that begins with rediss:// as well' : 'a busUrl as well';
    problems.push({
      path: first,
      got: url === undefined ? `a file or name, without a ${of}` : 'a tier without TLS',
      takes,
    });
  }
  const [caFile, certFile, keyFile] = [values[`${of}CaFile`], values[`${of}CertFile`], values[`${of}KeyFile`]];
  if ((certFile === undefined) !== (keyFile === undefined)) {
    const [path, other] =
      certFile === undefined ? (['KeyFile', 'CertFile'] as const) : (['CertFile', 'KeyFile'] as const);
    problems.push({ path: `${of}${path}`, got: `a file, without ${of}${other}`, takes: `both, or neither` });
  }
  const use = <T>(name: 'CaFile' | 'CertFile' | 'KeyFile', path: string | undefined, pem: Pem<T>): T | undefined => {
    if (path === undefined) return undefined;
    try {
      return pem.parse(readText(path));
    } catch (error) {
      const isUnread = (error as { readonly syscall?: unknown }).syscall !== undefined;
      const got = isUnread ? `"${path}": ${reasonOf(error)}` : `"${path}": no PEM file with ${pem.what}`;
      problems.push({ path: `${of}${name}`, got, takes: `the path of a readable PEM file with ${pem.what}` });
      return undefined;
    }
  };
  use('CaFile', caFile, CERTIFICATE);
  const certificate = use('CertFile', certFile, CERTIFICATE);
  const key = use('KeyFile', keyFile, KEY);
  if (certificate !== undefined && key !== undefined && !certificate.checkPrivateKey(key)) {
    problems.push({ path: `${of}KeyFile`, got: 'the key of another certificate', takes: `the key of ${of}CertFile` });
  }
  if (problems.length > 0) return { ok: false, problems };
  const servername = values[`${of}ServerName`];
  const value = Object.entries({ caFile, certFile, keyFile, servername }).filter(([, text]) => text !== undefined);
  return { ok: true, value: Object.fromEntries(value) as TlsConfig };
}

interface Pem<T> {
  readonly what: string;
  readonly parse: (text: string) => T;
}

const CERTIFICATE: Pem<X509Certificate> = { what: 'a certificate', parse: (text) => new X509Certificate(text) };
const KEY: Pem<ReturnType<typeof createPrivateKey>> = {
  what: 'a private key',
  parse: (text) => createPrivateKey(text),
};
