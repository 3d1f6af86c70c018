import { adminErrorBodySchema, PREFIX, ROUTES } from '@lockstep/admin-api';

/** Asks one route by hand; `@lockstep/admin-client` does this for all of them. */
export async function main(base: string, token: string): Promise<void> {
  const { method, path, answer } = ROUTES.status;
  const response = await fetch(`${base}${PREFIX}${path}`, { method, headers: { authorization: `Bearer ${token}` } });
  const body: unknown = await response.json();
  if (!response.ok) {
    const { error } = adminErrorBodySchema.parse(body);
    throw new Error(`${error.code}: ${error.message}`);
  }
  const { node, total_tool_caches: tools } = answer.parse(body);
  console.log(node.state, tools);
}
