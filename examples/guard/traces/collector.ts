// Prints the spans that it is sent: the least that an OTLP collector can be. For real: docker run -p 4317:4317 -p 16686:16686 jaegertracing/jaeger
import { Server, ServerCredentials } from '@grpc/grpc-js'
import protobuf from 'protobufjs'

const repeated = (id: number, type: string): object => ({ id, type, rule: 'repeated' })
const { root } = protobuf.Root.fromJSON({
  nested: {
    Span: {
      fields: {
        parent: { id: 4, type: 'bytes' },
        name: { id: 5, type: 'string' },
        start: { id: 7, type: 'fixed64' },
        end: { id: 8, type: 'fixed64' },
      },
    },
    Scope: { fields: { spans: repeated(2, 'Span') } },
    Resource: { fields: { scopes: repeated(2, 'Scope') } },
    Request: { fields: { resources: repeated(1, 'Resource') } },
  },
} as protobuf.INamespace)
const Request = root.lookupType('Request')

interface Span {
  readonly parent: readonly number[]
  readonly name: string
  /** In nanoseconds since the epoch. */
  readonly start: string
  readonly end: string
}

interface Sent {
  readonly resources: readonly { readonly scopes: readonly { readonly spans: readonly Span[] }[] }[]
}

function print({ parent, name, start, end }: Span): void {
  const took = Number(BigInt(end) - BigInt(start)) / 1e6
  console.log(`${parent.length > 0 ? '  ' : ''}${name} ${took.toFixed(2)} ms`)
}

const collector = new Server()
collector.addService(
  {
    Export: {
      path: '/opentelemetry.proto.collector.trace.v1.TraceService/Export',
      requestStream: false,
      responseStream: false,
      requestSerialize: (bytes: Buffer) => bytes,
      responseDeserialize: () => undefined,
      requestDeserialize: (bytes: Buffer) =>
        Request.toObject(Request.decode(bytes), { longs: String, defaults: true, bytes: Array }),
      responseSerialize: () => Buffer.alloc(0),
    },
  },
  {
    Export: ({ request }: { request: Sent }, done: (error: null, value: object) => void) => {
      for (const { scopes } of request.resources) for (const { spans } of scopes) spans.forEach(print)
      done(null, {})
    },
  },
)
collector.bindAsync('localhost:4317', ServerCredentials.createInsecure(), (error) => {
  if (error) throw error
  console.log('listening')
})
