import { nodes } from '../../../api/core/v1/node.ts'
import type { Node, Pod } from '../../../api/generated/types/core/v1.ts'
import type { Frozen } from '../../../apimachinery/meta.ts'
import { readStored } from '../../mirror/read-stored.ts'
import { admissionForbidden, resourceName } from '../forbidden.ts'
import type { AdmissionSources } from '../sources.ts'
import type { AdmissionAttributes, AdmissionPlugin } from '../types.ts'
import { requiredFeatures } from './required.ts'

/** Changes that a node does not know of are not made to its pods (upstream's NodeDeclaredFeatureValidator). */
export function nodeDeclaredFeatureValidator({ store }: Pick<AdmissionSources, 'store'>): AdmissionPlugin {
  return {
    name: 'NodeDeclaredFeatureValidator',
    handles: (operation) => operation === 'UPDATE',
    validate(attributes) {
      const { subresource, object, oldObject } = attributes
      if ((subresource !== '' && subresource !== 'resize') || resourceName(attributes) !== 'pods') return
      const [pod, old] = [object as Pod, oldObject as Frozen<Pod>]
      const { nodeName } = pod.spec
      if (!nodeName || pod.metadata.generation === old.metadata.generation) return
      const required = requiredFeatures(pod, old)
      if (required.length > 0) return demandDeclared(store, attributes, nodeName, required)
    },
  }
}

async function demandDeclared(
  store: AdmissionSources['store'],
  attributes: AdmissionAttributes,
  nodeName: string,
  required: readonly string[],
): Promise<void> {
  const node = await readStored<Node>(store, nodes, nodeName)
  const quoted = JSON.stringify(nodeName)
  if (!node) throw admissionForbidden(attributes, `node ${quoted} not found`)
  const missing = required.filter((feature) => !node.status?.declaredFeatures?.includes(feature))
  if (missing.length === 0) return
  const why = `pod update requires features ${missing.join(', ')} which are not available on node ${quoted}`
  throw admissionForbidden(attributes, why)
}
