import { AdminError } from './admin-error.ts';
import type { Deadline } from './deadline.ts';
import { within } from './deadline.ts';

/** The longest answer, or part of a stream, in UTF-16 code units. */
export const ANSWER_LENGTH_MAX: number = 16 * 1_048_576;

/** The text of a body, part by part; each has the deadline's time. Who stops reading cancels the request. */
export async function* readText(
  response: Pick<Response, 'body'>,
  deadline: Deadline,
): AsyncGenerator<string, void, undefined> {
  if (response.body === null) return;
  const reader = response.body.getReader();
  const decoder = new TextDecoder();
  let isWhole = false;
  try {
    for (;;) {
      const { done, value } = await within(reader.read(), deadline);
      if (done) break;
      yield decoder.decode(value, { stream: true });
    }
    isWhole = true;
    yield decoder.decode();
  } finally {
    // Not waited for: what is cancelled may be what does not answer.
    if (!isWhole) void reader.cancel().catch(() => {});
  }
}

/** All of a body; one that is longer than an answer may be is none. */
export async function wholeText(response: Pick<Response, 'body'>, deadline: Deadline): Promise<string> {
  let text = '';
  for await (const part of readText(response, deadline)) {
    text += part;
    if (text.length > ANSWER_LENGTH_MAX) throw new AdminError('answer-invalid', 'the answer is longer than one may be');
  }
  return text;
}

/** The lines of a body that are not empty. */
export async function* lines(parts: AsyncIterable<string>): AsyncGenerator<string, void, undefined> {
  let rest = '';
  for await (const part of parts) {
    const [first = '', ...more] = part.split('\n');
    rest += first;
    if (rest.length > ANSWER_LENGTH_MAX) throw new AdminError('answer-invalid', 'a line is longer than one may be');
    for (const next of more) {
      if (rest.trim() !== '') yield rest;
      rest = next;
    }
  }
  if (rest.trim() !== '') yield rest;
}
