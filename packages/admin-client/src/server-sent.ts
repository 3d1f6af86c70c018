import type { EventSourceMessage } from 'eventsource-parser';
import { createParser } from 'eventsource-parser';
import { AdminError } from './admin-error.ts';
import { ANSWER_LENGTH_MAX } from './read-body.ts';

/** The data of server-sent events, one by one. */
export async function* serverSent(parts: AsyncIterable<string>): AsyncGenerator<string, void, undefined> {
  const arrived: EventSourceMessage[] = [];
  let failure: AdminError | undefined;
  const parser = createParser({
    maxBufferSize: ANSWER_LENGTH_MAX,
    onEvent: (event) => arrived.push(event),
    onError: (cause) => {
      if (cause.type !== 'max-buffer-size-exceeded') return;
      failure = new AdminError('answer-invalid', 'an event is longer than one may be', { cause });
    },
  });
  for await (const part of parts) {
    parser.feed(part);
    for (const { data } of arrived.splice(0)) yield data;
    if (failure !== undefined) throw failure;
  }
}
