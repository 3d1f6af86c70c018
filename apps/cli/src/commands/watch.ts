import { setTimeout as delay } from 'node:timers/promises';
import type { AdminEvent, AppliedEvent } from '@lockstep/admin-api';
import type { AdminClientErrorCode } from '@lockstep/admin-client';
import { AdminError } from '@lockstep/admin-client';
import type { Command } from 'commander';
import { adminFailure } from '../command-error.ts';
import type { NodeConnection } from '../connection.ts';
import { writeLine } from '../output/document.ts';
import { visible } from '../output/visible.ts';
import { say } from '../terminal.ts';
import { scopeText } from './audit.ts';
import type { CommandContext, NodeCommandOptions } from './node-command.ts';
import { speaksToNode, withExamples, withNode } from './node-command.ts';

/** The first wait after a loss, in ms; each further one is twice as long, up to the last. */
const RECONNECT_MS_MIN = 250;
const RECONNECT_MS_MAX = 10_000;

/** What a stream may end with, and begin again: the node or the way to it is away, and will be back. */
const PASSING: ReadonlySet<AdminClientErrorCode> = new Set([
  ...(['broken-off', 'busy', 'draining', 'internal', 'rate-limited'] as const),
  ...(['tier-unavailable', 'timed-out', 'too-slow', 'unreachable'] as const),
]);

/** `lockstep watch`: what happens on a node and in its cluster, a line each, until it is interrupted. */
export function addWatch(parent: Command, context: CommandContext): void {
  const command = parent
    .command('watch')
    .description('What happens on a node and in its cluster, as it happens; a line each.');
  withExamples(speaksToNode(command), ['watch', 'watch --json | jq \'select(.type == "audit")\'']).action(
    (options: NodeCommandOptions) => withNode(options, context, (connection) => follow(connection, options, context)),
  );
}

async function follow(
  connection: NodeConnection,
  options: NodeCommandOptions,
  context: CommandContext,
): Promise<never> {
  const { terminal, signal } = context;
  let [hasConnected, waitMs] = [false, RECONNECT_MS_MIN];
  while (true) {
    let why = `${connection.url} has ended the stream`;
    try {
      for await (const event of connection.client.events({ signal })) {
        if (waitMs > RECONNECT_MS_MIN) say(terminal, `connected to ${connection.url} again`);
        [hasConnected, waitMs] = [true, RECONNECT_MS_MIN];
        const receivedAt = new Date().toISOString();
        if (options.json === true) writeLine(terminal, { receivedAt, ...event });
        else terminal.stdout.write(`${receivedAt} ${eventText(event)}\n`);
      }
    } catch (error) {
      signal.throwIfAborted();
      // A wrong URL or token is told at once; what has worked comes back.
      const isPassing = error instanceof AdminError && PASSING.has(error.code);
      if (!hasConnected || !isPassing) throw error;
      why = adminFailure(error, connection.url).message;
    }
    say(terminal, `${visible(why)}; trying again`);
    await delay(waitMs, undefined, { signal });
    waitMs = Math.min(2 * waitMs, RECONNECT_MS_MAX);
  }
}

/** An event in one line. */
function eventText(event: AdminEvent): string {
  return visible(`${event.type.padEnd(9)} ${detailText(event)}`);
}

function detailText(event: AdminEvent): string {
  switch (event.type) {
    case 'applied':
      return `${event.kind} ${subjectText(event)} at ${event.partition}:${event.sequence}`;
    case 'reset':
      return `partition ${event.partition} starts over at ${event.sequence}`;
    case 'coherence': {
      const { node, state, reason } = event;
      return `node ${node} is ${state}${reason === undefined ? '' : `: ${reason}`}`;
    }
    case 'member':
      return `node ${event.node} ${event.change}`;
    case 'audit': {
      const { sequence, actor, action, scope, reason } = event.record;
      return `record ${sequence}: ${actor} ${action} ${scopeText({ ...scope })}: ${reason}`;
    }
    case 'lost':
      return `${event.events} events left out: this reader was too slow`;
  }
}

function subjectText({ keyId, scope }: AppliedEvent): string {
  if (scope !== undefined) return scopeText({ ...scope });
  return keyId === undefined ? '' : `key ${keyId}`;
}
