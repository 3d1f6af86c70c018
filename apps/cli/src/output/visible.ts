/** Control characters, and what turns the direction of text: a terminal obeys them, and a reader does not see them. */
const HIDDEN = /[\p{Cc}\u061c\u200e\u200f\u2028\u2029\u202a-\u202e\u2066-\u2069]/gu;

/** Text that came from elsewhere, with what a terminal would obey shown as `\u{…}`. */
export function visible(text: string): string {
  return text.replaceAll(HIDDEN, (hidden) => `\\u{${(hidden.codePointAt(0) as number).toString(16)}}`);
}
