import { notSupported, required } from '../../../apimachinery/status.ts'
import type { Binding } from '../../generated/types/core/v1.ts'
import { defineResource } from '../../define.ts'

/** Everything the system knows about Binding. */
export const bindings = defineResource<Binding>({
  group: '',
  version: 'v1',
  kind: 'Binding',
  plural: 'bindings',
  scope: 'Namespaced',
  verbs: ['create'],
  virtual: true,
  schema: 'io.k8s.api.core.v1.Binding',
  *validate({ target }) {
    if (target.kind && target.kind !== 'Node') yield notSupported('target.kind', target.kind, ['Node', '<empty>'])
    if (!target.name) yield required('target.name')
  },
})
