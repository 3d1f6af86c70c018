/** A span as a collector gets it. Ids are in hexadecimal; there is no parent where it is the first of its trace. */
export interface ReceivedSpan {
  readonly traceId: string;
  readonly spanId: string;
  readonly parentSpanId: string | undefined;
  readonly name: string;
  readonly kind: number;
  /** When it began and ended, in nanoseconds since 1970. */
  readonly startNs: bigint;
  readonly endNs: bigint;
  readonly attributes: Readonly<Record<string, unknown>>;
  readonly links: readonly { readonly traceId: string; readonly spanId: string }[];
  /** 2 where it failed. */
  readonly status: number;
  /** Attributes of the process that sent it. */
  readonly resource: Readonly<Record<string, unknown>>;
}

/** A field of a message: its number, and what it holds. */
interface Field {
  readonly number: number;
  readonly value: bigint | Buffer;
}

/** The spans of an `ExportTraceServiceRequest`, encoded as protobuf. */
export function spansOfProtobuf(bytes: Buffer): ReceivedSpan[] {
  return messages(bytes, 1).flatMap((resourceSpans) => {
    const resource = attributesOf(messages(resourceSpans, 1)[0] ?? Buffer.alloc(0), 1);
    const spans = messages(resourceSpans, 2).flatMap((scope) => messages(scope, 2));
    return spans.map((span) => ({
      traceId: hex(span, 1) ?? '',
      spanId: hex(span, 2) ?? '',
      parentSpanId: hex(span, 4),
      name: text(span, 5),
      kind: whole(span, 6),
      startNs: fixed(span, 7),
      endNs: fixed(span, 8),
      attributes: attributesOf(span, 9),
      links: messages(span, 13).map((link) => ({ traceId: hex(link, 1) ?? '', spanId: hex(link, 2) ?? '' })),
      status: whole(messages(span, 15)[0] ?? Buffer.alloc(0), 3),
      resource,
    }));
  });
}

/** The spans of an `ExportTraceServiceRequest`, in JSON. */
export function spansOfJson(json: string): ReceivedSpan[] {
  const request = JSON.parse(json) as JsonRequest;
  return (request.resourceSpans ?? []).flatMap(({ resource, scopeSpans = [] }) =>
    scopeSpans.flatMap(({ spans = [] }) =>
      spans.map(({ parentSpanId, links = [], status, attributes, startTimeUnixNano, endTimeUnixNano, ...span }) => ({
        ...span,
        startNs: BigInt(startTimeUnixNano),
        endNs: BigInt(endTimeUnixNano),
        parentSpanId: parentSpanId === '' ? undefined : parentSpanId,
        attributes: ofJson(attributes),
        links,
        status: status?.code ?? 0,
        resource: ofJson(resource?.attributes),
      })),
    ),
  );
}

/** The names of the metrics of an `ExportMetricsServiceRequest`, encoded as protobuf. */
export function metricNamesOfProtobuf(bytes: Buffer): string[] {
  const scopes = messages(bytes, 1).flatMap((resource) => messages(resource, 2));
  return scopes.flatMap((scope) => messages(scope, 2)).map((metric) => text(metric, 1));
}

interface JsonRequest {
  readonly resourceSpans?: readonly {
    readonly resource?: { readonly attributes?: JsonAttributes };
    readonly scopeSpans?: readonly { readonly spans?: readonly JsonSpan[] }[];
  }[];
}

interface JsonSpan extends Pick<ReceivedSpan, 'traceId' | 'spanId' | 'name' | 'kind'> {
  readonly parentSpanId?: string;
  readonly startTimeUnixNano: string;
  readonly endTimeUnixNano: string;
  readonly attributes?: JsonAttributes;
  readonly links?: ReceivedSpan['links'];
  readonly status?: { readonly code?: number };
}

type JsonAttributes = readonly { readonly key: string; readonly value: Readonly<Record<string, unknown>> }[];

function ofJson(attributes: JsonAttributes = []): Readonly<Record<string, unknown>> {
  return Object.fromEntries(attributes.map(({ key, value }) => [key, Object.values(value)[0]]));
}

function attributesOf(message: Buffer, number: number): Readonly<Record<string, unknown>> {
  return Object.fromEntries(messages(message, number).map((pair) => [text(pair, 1), anyValue(messages(pair, 2)[0])]));
}

/** A value of OTLP: text, true or false, a number; of lists, their values. */
function anyValue(message: Buffer | undefined): unknown {
  const [field] = message === undefined ? [] : [...fieldsOf(message)];
  if (field === undefined) return undefined;
  const { number, value } = field;
  if (typeof value === 'bigint') return number === 2 ? value === 1n : Number(value);
  if (number === 4) return value.readDoubleLE();
  return number === 5 ? messages(value, 1).map(anyValue) : value.toString();
}

function messages(message: Buffer, number: number): Buffer[] {
  const found = [...fieldsOf(message)].filter((field) => field.number === number);
  return found.flatMap(({ value }) => (typeof value === 'bigint' ? [] : [value]));
}

function text(message: Buffer, number: number): string {
  return messages(message, number)[0]?.toString() ?? '';
}

function hex(message: Buffer, number: number): string | undefined {
  return messages(message, number)[0]?.toString('hex');
}

function fixed(message: Buffer, number: number): bigint {
  return messages(message, number)[0]?.readBigUInt64LE() ?? 0n;
}

function whole(message: Buffer, number: number): number {
  const field = [...fieldsOf(message)].find((candidate) => candidate.number === number);
  return typeof field?.value === 'bigint' ? Number(field.value) : 0;
}

/** The fields of a message of protobuf, in the order in which they are written. */
function* fieldsOf(message: Buffer): Generator<Field> {
  let at = 0;
  const varint = (): bigint => {
    let value = 0n;
    for (let shift = 0n; ; shift += 7n) {
      const byte = message.readUInt8(at++);
      value |= BigInt(byte & 0x7f) << shift;
      if (byte < 0x80) return value;
    }
  };
  const bytes = (length: number): Buffer => {
    at += length;
    return message.subarray(at - length, at);
  };
  while (at < message.length) {
    const tag = Number(varint());
    const number = tag >> 3;
    if ((tag & 7) === 0) yield { number, value: varint() };
    else if ((tag & 7) === 1) yield { number, value: bytes(8) };
    else if ((tag & 7) === 2) yield { number, value: bytes(Number(varint())) };
    else if ((tag & 7) === 5) yield { number, value: bytes(4) };
    else throw new Error(`no wire type of protobuf: ${tag & 7}`);
  }
}
