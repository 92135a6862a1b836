import { ageColumn, nameColumn, text } from '../../columns.ts'
import { defineResource } from '../../define.ts'
import { type FieldError, invalid } from '../../../apimachinery/status.ts'
import { nameIsDnsLabel } from '../../../apimachinery/validation/names.ts'
import { qualifiedName } from '../../checks.ts'
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
  *validate({ spec }, { subresource }) {
    for (const [index, name] of (spec?.finalizers ?? []).entries()) {
      yield* validateFinalizer(subresource === 'finalize' ? `spec.finalizers[${index}]` : 'spec.finalizers', name)
    }
  },
  *validateStatusUpdate({ metadata, status }) {
    const phase = status?.phase ?? ''
    if (!metadata.deletionTimestamp && phase !== 'Active') {
      yield invalid('status.Phase', phase, "may only be 'Active' if `deletionTimestamp` is empty")
    } else if (metadata.deletionTimestamp && phase !== 'Terminating') {
      yield invalid('status.Phase', phase, "may only be 'Terminating' if `deletionTimestamp` is not empty")
    }
  },
  selectableFields: { 'status.phase': ({ status }) => status?.phase ?? '' },
  columns: [nameColumn, text('Status', ({ status }) => status?.phase ?? ''), ageColumn],
})

function labelWithName({ metadata }: Namespace): void {
  if (metadata.name) (metadata.labels ??= {})['kubernetes.io/metadata.name'] = metadata.name
}

const STANDARD_FINALIZERS = new Set([NAMESPACE_FINALIZER, 'orphan', 'foregroundDeletion'])

function validateFinalizer(field: string, name: string): FieldError[] {
  const errors = qualifiedName(field, name)
  if (name.includes('/') || STANDARD_FINALIZERS.has(name)) return errors
  const text = 'name is neither a standard finalizer name nor is it fully qualified'
  return [...errors, invalid(field, name, text)]
}
