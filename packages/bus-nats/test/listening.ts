import type { NatsBus, NatsBusOptions } from '@lockstep/bus-nats';
import { connectNats } from '@lockstep/bus-nats';

/** A bus and what its listener heard. */
export interface ListeningBus {
  readonly bus: NatsBus;
  readonly messages: string[];
  /** `restored`, or the reason of an interruption. */
  readonly states: string[];
}

/** A bus with short times, unless the options say otherwise, and a listener that keeps what it hears. */
export function listenTo(options: Partial<NatsBusOptions> & Pick<NatsBusOptions, 'servers'>): ListeningBus {
  const bus = connectNats({ cluster: 'test', reconnectDelayMaxMs: 50, ...options });
  const messages: string[] = [];
  const states: string[] = [];
  bus.listen({
    message: (bytes) => messages.push(new TextDecoder().decode(bytes)),
    restored: () => states.push('restored'),
    interrupted: (reason) => states.push(reason),
  });
  return { bus, messages, states };
}

/** Publishes a text. */
export function say(bus: NatsBus, text: string): void {
  bus.publish(new TextEncoder().encode(text));
}
