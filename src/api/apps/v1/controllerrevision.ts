import { required } from '../../../apimachinery/status.ts'
import { immutableField, nonNegative } from '../../checks.ts'
import { ageColumn, nameColumn, text } from '../../columns.ts'
import { controllerOf } from '../../../apimachinery/meta.ts'
import type { ControllerRevision } from '../../generated/types/apps/v1.ts'
import { defineResource } from '../../define.ts'

/** Everything the system knows about ControllerRevision. */
export const controllerRevisions = defineResource<ControllerRevision>({
  group: 'apps',
  version: 'v1',
  kind: 'ControllerRevision',
  plural: 'controllerrevisions',
  scope: 'Namespaced',
  storagePrefix: '/registry/controllerrevisions',
  schema: 'io.k8s.api.apps.v1.ControllerRevision',
  validate: ({ revision }) => nonNegative('revision', revision),
  *validateCreate({ data }) {
    if (data == null) yield required('data', 'data is mandatory')
    else if (Array.isArray(data) || typeof data !== 'object') yield required('data', 'data must be a valid JSON object')
  },
  validateUpdate: (now, old) => immutableField('data', now.data, old.data),
  columns: [
    nameColumn,
    text('Controller', controllerCell),
    text('Revision', ({ revision }) => revision ?? 0),
    ageColumn,
  ],
})

/** `deployment.apps/web`, as kubectl names an object. */
function controllerCell(object: Parameters<typeof controllerOf>[0]): string {
  const owner = controllerOf(object)
  if (!owner) return '<none>'
  const slash = owner.apiVersion.indexOf('/')
  const group = slash < 0 ? '' : `.${owner.apiVersion.slice(0, slash)}`
  return `${owner.kind}${group}`.toLowerCase() + `/${owner.name}`
}
