const SHOWN_LENGTH_MAX = 60;

/** Names a secret by its length alone. */
export function maskSecret(secret: string): string {
  return `(secret, ${secret.length} characters)`;
}

/** A URL, or several with commas between, without what may be secret: user, password, query and fragment. */
export function maskUrl(text: string): string {
  return text
    .split(/,(?=[a-z][a-z0-9+.-]*:\/\/)/i)
    .map((url) => url.replace(/^([a-z][a-z0-9+.-]*:\/\/)?.*@/is, '$1(secret)@').replace(/[?#].*$/s, '?(masked)'))
    .join(',');
}

/** What a field holds, for a message: the kind and size of anything that could hold a secret deeper down. */
export function describe(value: unknown, secret: boolean): string {
  if (value === undefined) {
    return 'nothing';
  }
  if (value === null) {
    return 'null';
  }
  if (Array.isArray(value)) {
    return value.length === 1 ? 'a list of 1' : `a list of ${value.length}`;
  }
  if (typeof value === 'object') {
    return 'an object';
  }
  if (typeof value === 'string') {
    return secret ? maskSecret(value) : quote(maskUrl(value));
  }
  return secret ? `a ${typeof value} (secret)` : String(value);
}

function quote(text: string): string {
  const shown = text.length > SHOWN_LENGTH_MAX ? `${text.slice(0, SHOWN_LENGTH_MAX)}…` : text;
  return `${JSON.stringify(shown)} (text)`;
}
