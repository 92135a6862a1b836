import type { ComponentStatus } from '../../api/generated/types/core/v1.ts'
import type { KubeObject } from '../../apimachinery/meta.ts'
import { notFound } from '../../apimachinery/status.ts'
import { readListOptions } from '../request/list-options.ts'
import { StoredObject } from './answer.ts'
import { selectionOf } from './selection.ts'
import type { Registry, ServedResource, VirtualResource } from './served.ts'

/** The old look at a cluster's parts, in upstream's names. What runs in one process with the API server is well when it answers. */
export const componentStatus: VirtualResource = async (registry, resource, call) => {
  const statuses = [healthy('controller-manager', 'ok'), await storeStatus(registry), healthy('scheduler', 'ok')]
  if (call.info.verb === 'get') {
    const found = statuses.find(({ metadata }) => metadata.name === call.info.name)
    if (!found) throw notFound(resource.groupResource, call.info.name)
    return { type: 'object', status: 200, resource, object: shown(resource, found) }
  }
  const { labels, fields } = readListOptions(call.query)
  const selection = selectionOf(resource.definition, labels, fields, '')
  return {
    type: 'list',
    resource,
    kind: resource.definition.listKind,
    apiVersion: resource.codec.apiVersion,
    revision: registry.store.revision,
    continue: '',
    remaining: undefined,
    first: statuses.map((status) => shown(resource, status)).filter((status) => selection.matches(status.object())),
    rest: undefined,
  }
}

type Status = ComponentStatus & KubeObject

function shown(resource: ServedResource, status: Status): StoredObject {
  return new StoredObject(resource, resource.codec.encode(status), 0)
}

function healthy(name: string, message: string): Status {
  return statusOf(name, { type: 'Healthy', status: 'True', message })
}

function statusOf(name: string, condition: NonNullable<ComponentStatus['conditions']>[number]): Status {
  return { kind: 'ComponentStatus', apiVersion: 'v1', metadata: { name }, conditions: [condition] }
}

async function storeStatus({ store }: Registry): Promise<Status> {
  try {
    await store.count('/registry/health')
    return healthy('etcd-0', 'ok')
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error)
    return statusOf('etcd-0', { type: 'Healthy', status: 'False', error: message })
  }
}
