import { namespaces } from '../../../api/core/v1/namespace.ts'
import { notFound } from '../../../apimachinery/status.ts'
import type { AdmissionSources } from '../sources.ts'
import type { AdmissionPlugin } from '../types.ts'

/** Nothing is written or deleted in a namespace that is not there (upstream's NamespaceExists). */
export function namespaceExists({ mirrors }: AdmissionSources): AdmissionPlugin {
  const mirror = mirrors.of(namespaces)
  return {
    name: 'NamespaceExists',
    handles: (operation) => operation !== 'CONNECT',
    async validate({ namespace, kind }) {
      if (namespace === '' || (kind.group === '' && kind.kind === 'Namespace')) return
      if (mirror.get(namespace) ?? (await mirror.live(namespace))) return
      throw notFound({ group: '', resource: 'namespaces' }, namespace)
    },
  }
}
