import type { Server } from 'node:http';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';

type Attributes = readonly { readonly key: string; readonly value: Readonly<Record<string, unknown>> }[];

/** A span as OTLP/JSON has it, and who sent it. */
export interface ExportedSpan {
  /** Its `service.instance.id`. */
  readonly instance: string;
  readonly traceId: string;
  readonly spanId: string;
  readonly parentSpanId?: string;
  readonly name: string;
  readonly kind: number;
  /** Nanoseconds since 1970, as text. */
  readonly startTimeUnixNano: string;
  readonly endTimeUnixNano: string;
  readonly attributes?: Attributes;
}

/** A collector of spans that keeps what it is sent, over OTLP/HTTP in JSON. */
export class SpanSink {
  readonly spans: ExportedSpan[] = [];
  readonly #server: Server;

  private constructor() {
    this.#server = createServer(async (request, response) => {
      const body = await text(request);
      response.writeHead(200, { 'content-type': 'application/json' }).end('{}');
      const { resourceSpans = [] } = JSON.parse(body) as Sent;
      for (const { resource, scopeSpans } of resourceSpans) {
        const instance = attributeOf(resource, 'service.instance.id') ?? '';
        for (const { spans } of scopeSpans) this.spans.push(...spans.map((span) => ({ ...span, instance })));
      }
    });
  }

  static async start(): Promise<SpanSink> {
    const sink = new SpanSink();
    await new Promise<void>((resolve) => sink.#server.listen(0, '127.0.0.1', resolve));
    return sink;
  }

  /** What a node needs in its environment to send its spans here, soon. */
  get environment(): Readonly<Record<string, string>> {
    return {
      OTEL_TRACES_EXPORTER: 'otlp',
      OTEL_EXPORTER_OTLP_PROTOCOL: 'http/json',
      OTEL_EXPORTER_OTLP_ENDPOINT: `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`,
      OTEL_BSP_SCHEDULE_DELAY: '200',
    };
  }

  async stop(): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }
}

/** An attribute of a span or a resource, as text. */
export function attributeOf(
  { attributes = [] }: { readonly attributes?: Attributes },
  key: string,
): string | undefined {
  const [value] = Object.values(attributes.find((attribute) => attribute.key === key)?.value ?? {});
  return value === undefined ? undefined : String(value);
}

interface Sent {
  readonly resourceSpans?: readonly {
    readonly resource: { readonly attributes?: Attributes };
    readonly scopeSpans: readonly { readonly spans: readonly Omit<ExportedSpan, 'instance'>[] }[];
  }[];
}
