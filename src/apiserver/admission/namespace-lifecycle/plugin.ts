import { namespaces } from '../../../api/core/v1/namespace.ts'
import type { Namespace } from '../../../api/generated/types/core/v1.ts'
import type { Frozen } from '../../../apimachinery/meta.ts'
import { forbidden, notFound } from '../../../apimachinery/status.ts'
import type { Mirror } from '../../mirror/mirror.ts'
import { admissionForbidden } from '../forbidden.ts'
import type { AdmissionAttributes, AdmissionPlugin } from '../types.ts'

/** These cannot be deleted. */
const IMMORTAL = new Set(['default', 'kube-system', 'kube-public'])

/** What may still be created in a namespace that is ending: questions about access, asked while things are taken down. */
const ALLOWED_WHILE_ENDING = new Set(['localsubjectaccessreviews.authorization.k8s.io'])

/** Nothing is made in a namespace that is not there or is ending, and the first namespaces stay (upstream's NamespaceLifecycle). */
export function namespaceLifecycle(mirror: Mirror<Namespace>): AdmissionPlugin {
  return {
    name: 'NamespaceLifecycle',
    handles: (operation) => operation !== 'CONNECT',
    async mutate(attributes) {
      const { operation, definition, name, namespace } = attributes
      const isNamespace = definition.group === '' && definition.plural === 'namespaces'
      if (operation === 'DELETE' && isNamespace && IMMORTAL.has(name)) {
        throw forbidden({ group: '', resource: 'namespaces' }, name, 'this namespace may not be deleted')
      }
      if (isNamespace || operation === 'DELETE' || definition.scope !== 'Namespaced' || namespace === '') return
      if (ALLOWED_WHILE_ENDING.has(`${definition.plural}.${definition.group}`)) return
      // The mirror may be a moment behind a namespace that was just made, never ahead of one.
      const found = mirror.get(namespace) ?? (await mirror.live(namespace))
      if (!found) throw notFound({ group: '', resource: 'namespaces' }, namespace)
      if (operation === 'CREATE' && isEnding(found)) throw refusal(attributes, namespace)
    },
  }
}

function isEnding({ status }: Frozen<Namespace>): boolean {
  return status?.phase === 'Terminating'
}

function refusal(attributes: AdmissionAttributes, namespace: string): Error {
  const why = `unable to create new content in namespace ${namespace} because it is being terminated`
  const error = admissionForbidden(attributes, why)
  const message = `namespace ${namespace} is being terminated`
  if (error.status.details)
    error.status.details.causes = [{ reason: 'NamespaceTerminating', message, field: 'metadata.namespace' }]
  return error
}

/** What the plugin needs to be kept in memory. */
export const namespaceLifecycleResource = namespaces
