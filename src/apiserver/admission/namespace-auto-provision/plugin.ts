import { namespaces } from '../../../api/core/v1/namespace.ts'
import { hasReason } from '../../../apimachinery/status.ts'
import { admissionForbidden } from '../forbidden.ts'
import type { AdmissionSources } from '../sources.ts'
import type { AdmissionPlugin, CreateAsServer } from '../types.ts'

/** Who creates something in a namespace that is not there gets the namespace first (upstream's NamespaceAutoProvision). */
export function namespaceAutoProvision({ mirrors }: AdmissionSources): AdmissionPlugin {
  const mirror = mirrors.of(namespaces)
  let create: CreateAsServer | undefined
  return {
    name: 'NamespaceAutoProvision',
    handles: (operation) => operation === 'CREATE',
    initialize(_resources, createAsServer) {
      create = createAsServer
    },
    async mutate(attributes) {
      const { namespace: name, kind, dryRun } = attributes
      if (dryRun || name === '' || (kind.group === '' && kind.kind === 'Namespace') || mirror.get(name)) return
      try {
        await create?.('/api/v1/namespaces', { apiVersion: 'v1', kind: 'Namespace', metadata: { name } })
      } catch (error) {
        if (!hasReason(error, 'AlreadyExists'))
          throw admissionForbidden(attributes, error instanceof Error ? error.message : String(error))
      }
    },
  }
}
