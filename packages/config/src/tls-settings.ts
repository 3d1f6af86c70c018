import { z } from 'zod';
import type { SettingRow } from './setting-spec.ts';

type Part = 'CaFile' | 'CertFile' | 'KeyFile' | 'ServerName';

/** The settings of TLS towards one server, the tier or the bus. */
export function tlsSettings<S extends 'tier' | 'bus'>(of: S, variable: string): Record<`${S}${Part}`, SettingRow> {
  const row = (variableEnd: string, takes: string, meaning: string): SettingRow => ({
    variable: `${variable}_${variableEnd}`,
    seedName: undefined,
    schema: z.string().min(1).max(4_096),
    takes,
    fallback: undefined,
    meaning,
  });
  const rows: Record<Part, SettingRow> = {
    CaFile: row(
      'CA_FILE',
      'the path of a PEM file with one or more certificates',
      `TLS: the authorities that may sign the certificate of the ${of}. Without it those that Node trusts.`,
    ),
    CertFile: row(
      'CERT_FILE',
      'the path of a PEM file with a certificate',
      `TLS: the certificate of this node, for a ${of} that asks for one. Needs \`${of}KeyFile\`.`,
    ),
    KeyFile: row('KEY_FILE', 'the path of a PEM file with a private key', `TLS: the key of \`${of}CertFile\`.`),
    ServerName: row(
      'SERVER_NAME',
      'a host name',
      `TLS: the name in the certificate of the ${of}, where it is another one than in \`${of}Url\`.`,
    ),
  };
  return Object.fromEntries(Object.entries(rows).map(([part, entry]) => [`${of}${part}`, entry])) as Record<
    `${S}${Part}`,
    SettingRow
  >;
}
