import { AdminClient, AdminError } from '@lockstep/admin-client';

export async function main(url: string, token: string): Promise<void> {
  const admin = new AdminClient({ url, token });
  const scope = { gateway: 'user_project_main', cacheType: 'tools' } as const;

  const { preview } = await admin.clear({ scope, dryRun: true });
  console.log(`${preview.entries} entries, ${preview.bytes} bytes`);
  try {
    const { fence, audit } = await admin.clear({ scope, wait: 'fenced', reason: 'a server was taken over' });
    console.log(fence?.by, audit);
  } catch (error) {
    if (!(error instanceof AdminError) || error.code !== 'tier-unavailable') throw error;
    console.error(`may be cleared or not: ${error.unknown.join(', ')}`);
  }

  for await (const event of admin.events({ signal: AbortSignal.timeout(60_000) })) console.log(event.type);
}
