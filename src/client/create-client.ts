import type { KubeObject } from '../apimachinery/meta.ts'
import type { ResourceDefinition } from '../apimachinery/resource.ts'
import { createCaller } from './caller.ts'
import type { Client, ResourceClient } from './client.ts'
import { resourceClient } from './resource-client.ts'
import type { ClientOptions } from './transport.ts'

/** A client that speaks through `options.transport`, as whoever that transport authenticates. */
export function createClient(options: ClientOptions): Client {
  const call = createCaller(options)
  const byResource = new WeakMap<ResourceDefinition, ResourceClient<KubeObject>>()
  function client<T extends KubeObject>(resource: ResourceDefinition<T>): ResourceClient<T> {
    const known = byResource.get(resource)
    if (known) return known as unknown as ResourceClient<T>
    const made = resourceClient(resource, { call, userAgent: options.userAgent })
    byResource.set(resource, made as unknown as ResourceClient<KubeObject>)
    return made
  }
  return Object.assign(client, { transport: options.transport })
}
