import { nodes } from '../../../api/core/v1/node.ts'
import { podRequests } from '../../../api/core/v1/pod-resources.ts'
import { amount } from '../../../api/core/v1/resource-list.ts'
import type { Node, Pod } from '../../../api/generated/types/core/v1.ts'
import type { Frozen } from '../../../apimachinery/meta.ts'
import { compareQuantity, milliValueOf, valueOf } from '../../../apimachinery/quantity/quantity.ts'
import { readStored } from '../../mirror/read-stored.ts'
import { admissionForbidden, resourceName } from '../forbidden.ts'
import type { AdmissionSources } from '../sources.ts'
import type { AdmissionAttributes, AdmissionPlugin } from '../types.ts'

/** A resize that its node can never grant is refused at once (upstream's PodResizeValidator). */
export function podResizeValidator({ store }: Pick<AdmissionSources, 'store'>): AdmissionPlugin {
  return {
    name: 'PodResizeValidator',
    handles: (operation) => operation === 'UPDATE',
    validate(attributes) {
      // Most updates are none: they wait for nothing.
      if (attributes.subresource !== 'resize' || resourceName(attributes) !== 'pods') return
      return checkResize(store, attributes)
    },
  }
}

async function checkResize(store: AdmissionSources['store'], attributes: AdmissionAttributes): Promise<void> {
  const [pod, old] = [attributes.object as Pod, attributes.oldObject as Frozen<Pod>]
  const { nodeName } = pod.spec
  if (!nodeName || pod.metadata.generation === old.metadata.generation) return
  const node = await readStored<Node>(store, nodes, nodeName)
  if (!node) throw admissionForbidden(attributes, `node ${JSON.stringify(nodeName)} not found`)
  checkPlatform(attributes, node, nodeName)
  checkCapacity(attributes, pod, node)
}

function checkPlatform(attributes: AdmissionAttributes, { metadata }: Frozen<Node>, nodeName: string): void {
  const system = metadata.labels?.['kubernetes.io/os'] ?? 'linux'
  if (system === 'linux') return
  const [node, what] = [nodeName, system].map((text) => JSON.stringify(text))
  const why = `pod resize is only supported on linux nodes, node ${node} is ${what}`
  throw refusal(attributes, why, 'UnsupportedPlatform')
}

const MEASURED = [
  ['cpu', milliValueOf],
  ['memory', valueOf],
] as const

function checkCapacity(attributes: AdmissionAttributes, pod: Frozen<Pod>, { status }: Frozen<Node>): void {
  const requests = podRequests(pod)
  const lacking = MEASURED.flatMap(([resource, inWhole]) => {
    const [asked, there] = [amount(requests[resource] ?? 0), amount(status?.allocatable?.[resource] ?? 0)]
    if (compareQuantity(asked, there) <= 0) return []
    return [`${resource}, requested: ${inWhole(asked)}, allocatable: ${inWhole(there)}`]
  })
  if (lacking.length === 0) return
  const why = `node didn't have enough allocatable resources: ${lacking.join('; ')}`
  throw refusal(attributes, why, 'NodeCapacity')
}

function refusal(attributes: AdmissionAttributes, why: string, reason: string): Error {
  const error = admissionForbidden(attributes, why)
  if (error.status.details) error.status.details.causes = [{ reason }]
  return error
}
