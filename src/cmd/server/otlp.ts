import { Client, credentials, Metadata } from '@grpc/grpc-js'
import protobuf from 'protobufjs'
import type { AttributeValue, SpanRecord } from '../../apiserver/tracing/span.ts'
import type { ExportSpans } from '../../apiserver/tracing/span-queue.ts'

const repeated = (id: number, type: string): object => ({ id, type, rule: 'repeated' })

/** The part of OTLP (opentelemetry/proto/trace/v1) that is written. */
const otlp = protobuf.Root.fromJSON({
  nested: {
    AnyValue: {
      oneofs: { value: { oneof: ['stringValue', 'boolValue', 'intValue', 'doubleValue'] } },
      fields: {
        stringValue: { id: 1, type: 'string' },
        boolValue: { id: 2, type: 'bool' },
        intValue: { id: 3, type: 'int64' },
        doubleValue: { id: 4, type: 'double' },
      },
    },
    KeyValue: { fields: { key: { id: 1, type: 'string' }, value: { id: 2, type: 'AnyValue' } } },
    Resource: { fields: { attributes: repeated(1, 'KeyValue') } },
    Scope: { fields: { name: { id: 1, type: 'string' } } },
    Event: {
      fields: {
        timeUnixNano: { id: 1, type: 'fixed64' },
        name: { id: 2, type: 'string' },
        attributes: repeated(3, 'KeyValue'),
      },
    },
    Link: {
      fields: {
        traceId: { id: 1, type: 'bytes' },
        spanId: { id: 2, type: 'bytes' },
        traceState: { id: 3, type: 'string' },
      },
    },
    Status: { fields: { message: { id: 2, type: 'string' }, code: { id: 3, type: 'int32' } } },
    Span: {
      fields: {
        traceId: { id: 1, type: 'bytes' },
        spanId: { id: 2, type: 'bytes' },
        traceState: { id: 3, type: 'string' },
        parentSpanId: { id: 4, type: 'bytes' },
        name: { id: 5, type: 'string' },
        kind: { id: 6, type: 'int32' },
        startTimeUnixNano: { id: 7, type: 'fixed64' },
        endTimeUnixNano: { id: 8, type: 'fixed64' },
        attributes: repeated(9, 'KeyValue'),
        events: repeated(11, 'Event'),
        links: repeated(13, 'Link'),
        status: { id: 15, type: 'Status' },
      },
    },
    ScopeSpans: { fields: { scope: { id: 1, type: 'Scope' }, spans: repeated(2, 'Span') } },
    ResourceSpans: { fields: { resource: { id: 1, type: 'Resource' }, scopeSpans: repeated(2, 'ScopeSpans') } },
    ExportRequest: { fields: { resourceSpans: repeated(1, 'ResourceSpans') } },
  },
} as protobuf.INamespace)

/** For tests, too, which play the collector. */
export const ExportRequest = otlp.lookupType('ExportRequest')
export const EXPORT_PATH = '/opentelemetry.proto.collector.trace.v1.TraceService/Export'

/** OpenTelemetry's own default for one export. */
const TIMEOUT_MS = 10_000
const KINDS = { internal: 1, server: 2 } as const
const ERROR = 2

/** A way to a collector that speaks OTLP over gRPC, without TLS as upstream's. */
export interface OtlpExporter {
  readonly exportSpans: ExportSpans
  close(): void
}

/** `endpoint` is `host:port`, or an address of gRPC's such as `unix:///run/otel.sock`. */
export function otlpExporter(endpoint: string, resource: Readonly<Record<string, string>>): OtlpExporter {
  const client = new Client(endpoint, credentials.createInsecure())
  return {
    exportSpans: (spans) =>
      new Promise((resolve, reject) => {
        client.makeUnaryRequest(
          EXPORT_PATH,
          (bytes: Buffer) => bytes,
          () => undefined,
          Buffer.from(encode(spans, resource)),
          new Metadata(),
          { deadline: new Date(performance.timeOrigin + performance.now() + TIMEOUT_MS) },
          (error) => (error ? reject(error) : resolve()),
        )
      }),
    close: () => client.close(),
  }
}

function encode(spans: readonly SpanRecord[], resource: Readonly<Record<string, string>>): Uint8Array {
  const scopeSpans = [{ scope: { name: 'skiff' }, spans: spans.map(spanOf) }]
  const message = { resourceSpans: [{ resource: { attributes: attributesOf(resource) }, scopeSpans }] }
  return ExportRequest.encode(ExportRequest.fromObject(message)).finish()
}

function spanOf(span: SpanRecord): object {
  const { parentSpanId, link, error } = span
  return {
    traceId: span.traceId,
    spanId: span.spanId,
    ...(parentSpanId && { parentSpanId }),
    traceState: span.traceState,
    name: span.name,
    kind: KINDS[span.kind],
    startTimeUnixNano: nanos(span.startMs),
    endTimeUnixNano: nanos(span.endMs),
    attributes: attributesOf(span.attributes),
    events: span.events.map(({ name, atMs, attributes }) => ({
      name,
      timeUnixNano: nanos(atMs),
      attributes: attributesOf(attributes),
    })),
    links: link ? [{ traceId: link.traceId, spanId: link.spanId, traceState: link.traceState }] : [],
    ...(error !== undefined && { status: { code: ERROR, message: error } }),
  }
}

/** To the microsecond: what a double holds of a time in nanoseconds. */
function nanos(ms: number): number {
  return Math.round(ms * 1000) * 1000
}

function attributesOf(attributes: Readonly<Record<string, AttributeValue>>): object[] {
  return Object.entries(attributes).map(([key, value]) => ({ key, value: valueOf(value) }))
}

function valueOf(value: AttributeValue): object {
  if (typeof value === 'string') return { stringValue: value }
  if (typeof value === 'boolean') return { boolValue: value }
  return Number.isInteger(value) ? { intValue: value } : { doubleValue: value }
}
