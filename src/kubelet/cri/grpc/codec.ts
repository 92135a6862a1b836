import protobuf from 'protobufjs'
import { criDescriptor } from '../generated/descriptor.ts'

/** How one method's messages are encoded, and the path it is called by. */
export interface Method {
  readonly path: string
  encode(message: object): Buffer
  decode(bytes: Buffer): object
}

/** containerd's own event service: the part that says when a task ends (containerd/api/services/events/v1, events/task.proto). */
const containerdDescriptor: protobuf.INamespace = {
  nested: {
    SubscribeRequest: { fields: { filters: { rule: 'repeated', type: 'string', id: 1 } } },
    Any: { fields: { typeUrl: { type: 'string', id: 1 }, value: { type: 'bytes', id: 2 } } },
    Envelope: {
      fields: {
        namespace: { type: 'string', id: 2 },
        topic: { type: 'string', id: 3 },
        event: { type: 'Any', id: 4 },
      },
    },
    TaskExit: { fields: { containerId: { type: 'string', id: 1 }, id: { type: 'string', id: 2 } } },
  },
}

/** Compiles CRI's methods on first use. */
export function criCodec(): (service: 'RuntimeService' | 'ImageService', name: string) => Method {
  const root = protobuf.Root.fromJSON(JSON.parse(criDescriptor) as protobuf.INamespace)
  const methods = new Map<string, Method>()
  return (service, name) => {
    const path = `/runtime.v1.${service}/${name}`
    const known = methods.get(path)
    if (known) return known
    const { requestType, responseType } = root.lookupService(`runtime.v1.${service}`).methods[name] ?? unknown(path)
    const method = methodOf(
      path,
      root.lookupType(`runtime.v1.${requestType}`),
      root.lookupType(`runtime.v1.${responseType}`),
    )
    methods.set(path, method)
    return method
  }
}

/** containerd's Events/Subscribe, and what unpacks the end of a task: its container's id, and its own (an exec's differs). */
export function containerdEvents(): {
  readonly subscribe: Method
  taskExit(value: Uint8Array): { containerId: string; id: string }
} {
  const root = protobuf.Root.fromJSON(containerdDescriptor)
  const exit = root.lookupType('TaskExit')
  return {
    subscribe: methodOf(
      '/containerd.services.events.v1.Events/Subscribe',
      root.lookupType('SubscribeRequest'),
      root.lookupType('Envelope'),
    ),
    taskExit: (value) => exit.toObject(exit.decode(value), { defaults: true }) as { containerId: string; id: string },
  }
}

function methodOf(path: string, request: protobuf.Type, response: protobuf.Type): Method {
  return {
    path,
    encode: (message) => request.encode(request.fromObject(message)).finish() as Buffer,
    decode: (bytes) =>
      plain(response.toObject(response.decode(bytes), { longs: Number, enums: String, defaults: true })),
  }
}

/** Drops the nulls that stand for absent messages, in place. */
function plain<T extends object>(message: T): T {
  for (const [key, value] of Object.entries(message) as [keyof T, unknown][]) {
    if (value === null) delete message[key]
    else if (typeof value === 'object' && !ArrayBuffer.isView(value)) plain(value)
  }
  return message
}

function unknown(path: string): never {
  throw new Error(`no such CRI method: ${path}`)
}
