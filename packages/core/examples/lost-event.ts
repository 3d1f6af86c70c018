import type { EventFrame, Incarnation, MessageMac, NodeId } from '@lockstep/core';
import { decodeMessage, encodeMessage, Identifiers, PartitionHistory, partitionOf } from '@lockstep/core';

export function main(digest: (input: string) => string, mac: MessageMac): void {
  const keyId = new Identifiers(digest).key('tools', 'github'); // all that tier and bus see of the key
  const head = { incarnation: '00c0ffee00c0ffee' as Incarnation, sequence: 10 };
  const sender = '0123456789abcdef' as NodeId;
  const common = { type: 'event', partition: partitionOf(keyId, 16), sender, ackWanted: false, ...head } as const;

  const put: EventFrame = { ...common, previous: 10, sequence: 12, effect: { kind: 'put', keyId } };
  const clear: EventFrame = { ...common, previous: 12, sequence: 15, effect: { kind: 'clear', keyId } };

  const history = new PartitionHistory();
  history.adopt(head); // a heartbeat found the partition there

  for (const message of [encodeMessage([clear], mac), encodeMessage([put], mac)]) {
    for (const frame of decodeMessage(message, mac).frames) {
      if (frame.type === 'event') console.log(frame.effect.kind, history.note(frame), history.applied?.sequence);
    }
  }
}
