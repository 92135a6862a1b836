import type { Namespace } from '../../generated/types/core/v1.ts'
import { defineResource } from '../../define.ts'

/** Everything the system knows about Namespace. */
export const namespaces = defineResource<Namespace>({
  group: '',
  version: 'v1',
  kind: 'Namespace',
  plural: 'namespaces',
  shortNames: ['ns'],
  scope: 'Cluster',
  verbs: ['create', 'delete', 'get', 'list', 'patch', 'update', 'watch'],
  storagePrefix: '/registry/namespaces',
  schema: 'io.k8s.api.core.v1.Namespace',
  status: true,
  subresources: [{ name: 'finalize', verbs: ['update'] }],
})
