import type { AdminEvent, AppliedEvent } from '@lockstep/admin-api';
import type { Command } from 'commander';
import type { NodeConnection } from '../connection.ts';
import { followEvents } from '../follow-events.ts';
import { writeLine } from '../output/document.ts';
import { visible } from '../output/visible.ts';
import { say } from '../terminal.ts';
import { scopeText } from './audit.ts';
import type { CommandContext, NodeCommandOptions } from './node-command.ts';
import { speaksToNode, withExamples, withNode } from './node-command.ts';

/** `lockstep watch`: what happens on a node and in its cluster, a line each, until it is interrupted. */
export function addWatch(parent: Command, context: CommandContext): void {
  const command = parent
    .command('watch')
    .description('What happens on a node and in its cluster, as it happens; a line each.');
  withExamples(speaksToNode(command), ['watch', 'watch --json | jq \'select(.type == "audit")\'']).action(
    (options: NodeCommandOptions) => withNode(options, context, (connection) => follow(connection, options, context)),
  );
}

function follow(connection: NodeConnection, { json }: NodeCommandOptions, context: CommandContext): Promise<never> {
  const { terminal, signal } = context;
  return followEvents(connection, {
    signal,
    heard: (event) => {
      const receivedAt = new Date().toISOString();
      if (json === true) writeLine(terminal, { receivedAt, ...event });
      else terminal.stdout.write(`${receivedAt} ${eventText(event)}\n`);
    },
    lost: (why) => say(terminal, `${visible(why)}; trying again`),
    found: () => say(terminal, `connected to ${connection.url} again`),
  });
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
