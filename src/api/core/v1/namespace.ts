import { ageColumn, nameColumn, text } from '../../columns.ts'
import { defineResource } from '../../define.ts'
import { nameIsDnsLabel } from '../../../apimachinery/validation/names.ts'
import type { Namespace } from '../../generated/types/core/v1.ts'

/** The finalizer that keeps a namespace until its contents are gone. */
export const NAMESPACE_FINALIZER = 'kubernetes'

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
  validateName: nameIsDnsLabel,
  defaults(namespace) {
    labelWithName(namespace)
    namespace.spec ??= {}
    namespace.status ??= {}
    namespace.status.phase ||= 'Active'
  },
  prepareForCreate(namespace) {
    labelWithName(namespace)
    namespace.status = { phase: 'Active' }
    const spec = (namespace.spec ??= {})
    const finalizers = (spec.finalizers ??= [])
    if (!finalizers.includes(NAMESPACE_FINALIZER)) finalizers.push(NAMESPACE_FINALIZER)
  },
  prepareForUpdate(namespace, old, { subresource }) {
    labelWithName(namespace)
    if (subresource !== '') return
    namespace.spec = { ...namespace.spec }
    const finalizers = old.spec?.finalizers
    if (finalizers) namespace.spec.finalizers = [...finalizers]
    else delete namespace.spec.finalizers
  },
  selectableFields: { 'status.phase': ({ status }) => status?.phase ?? '' },
  columns: [nameColumn, text('Status', ({ status }) => status?.phase ?? ''), ageColumn],
})

function labelWithName({ metadata }: Namespace): void {
  if (metadata.name) (metadata.labels ??= {})['kubernetes.io/metadata.name'] = metadata.name
}
