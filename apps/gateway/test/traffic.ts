import type { ObservedNode } from './observed-cluster.ts';

/**
 * Asks each node for all its tools, over and over, each once it has answered and `pause` is over. What fails, as it may
 * during a fault, is asked again. Answers how to end it.
 */
export function askOverAndOver(
  nodes: readonly ObservedNode[],
  pause: () => Promise<void> = () => Promise.resolve(),
): () => Promise<void> {
  let isOver = false;
  const ask = async ({ client }: ObservedNode): Promise<void> => {
    while (!isOver) {
      await client.call('enkrypt_discover_all_tools').catch(() => undefined);
      await pause();
    }
  };
  const asking = nodes.map(ask);
  return async () => {
    isOver = true;
    await Promise.all(asking);
  };
}
