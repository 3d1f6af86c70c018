import { describe, expect, test } from 'vitest';
import type { CalmNode } from './calm.ts';
import { callDown } from './calm.ts';
import type { Order } from './messages.ts';

/** A node that answers this value for every key, and falls silent when it is told one thing. */
class ToldNode implements CalmNode {
  readonly number: number;
  readonly #value: string;
  readonly #silentAt: Order['order'] | undefined;
  killed = false;

  constructor(number: number, value: string, silentAt?: Order['order']) {
    this.number = number;
    this.#value = value;
    this.#silentAt = silentAt;
  }

  ask: CalmNode['ask'] = async (order, report) => {
    if (order.order === this.#silentAt) throw new Error(`waited for node ${this.number}: ${report}`);
    return { report, coherence: { state: 'coherent' }, answers: { a: this.#value } } as never;
  };

  async kill(): Promise<void> {
    this.killed = true;
  }
}

describe('in calm', () => {
  test('nodes that end their calls and answer the same break nothing', async () => {
    const { violations, silent } = await callDown([new ToldNode(0, 'v'), new ToldNode(1, 'v')], 0);
    expect([violations, silent.size]).toEqual([[], 0]);
  });

  test('nodes that answer differently do', async () => {
    const { violations } = await callDown([new ToldNode(0, 'v'), new ToldNode(1, 'w')], 0);
    expect(violations).toMatchObject([{ promise: 'converges' }]);
  });

  test.for<Order['order']>(['pause', 'report', 'read'])(
    'a node that is silent when told to %s breaks a promise, is ended, and the others go on',
    async (order) => {
      const silentNode = new ToldNode(1, 'w', order);
      const { violations, silent } = await callDown([new ToldNode(0, 'v'), silentNode], 0);
      expect(violations).toMatchObject([{ promise: 'ends' }]);
      expect([[...silent], silentNode.killed]).toEqual([[silentNode], true]);
    },
  );
});
