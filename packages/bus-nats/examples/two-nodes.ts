import { connectNats } from '@lockstep/bus-nats';

export async function main(servers: string): Promise<void> {
  const options = { servers, cluster: 'edge' };
  const [one, other] = [connectNats(options), connectNats(options)]; // both connect in the background

  const arrived = new Promise<Uint8Array>((resolve) => {
    other.listen({
      message: resolve,
      restored: () => console.log('back: something may have been missed'),
      interrupted: (reason) => console.log(`away: ${reason}`),
    });
  });

  const saying = setInterval(() => one.publish(new TextEncoder().encode('hello')), 100); // dropped until connected
  console.log(new TextDecoder().decode(await arrived), one.stats);
  clearInterval(saying);
  await Promise.all([one.close(), other.close()]);
}
