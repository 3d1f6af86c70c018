import type { Lockstep } from '@lockstep/cache';
import { LockstepKeyvStore } from '@lockstep/keyv';
import Keyv from 'keyv';

export async function main(lockstep: Lockstep): Promise<void> {
  const namespace = lockstep.namespace('keyv', { ttl: '1d' }); // one for all Keyvs of the application

  const users = new Keyv({ store: new LockstepKeyvStore({ lockstep, namespace }), namespace: 'users' });
  const orders = new Keyv({ store: new LockstepKeyvStore({ lockstep, namespace }), namespace: 'orders' });
  users.on('error', (error) => console.error(error)); // a set or a delete while the tier is away

  await users.set('42', { name: 'Ada' }, 60_000);
  await orders.set('7', ['tea']); // for a day
  console.log(await users.get('42'));

  await users.delete('42'); // gone on every node, about a bus hop later
  await users.clear(); // every user, on every node, in one step; orders stay
}
