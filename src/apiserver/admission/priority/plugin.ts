import { priorityClasses } from '../../../api/scheduling/v1/priorityclass.ts'
import type { Pod } from '../../../api/generated/types/core/v1.ts'
import type { PriorityClass } from '../../../api/generated/types/scheduling/v1.ts'
import type { Frozen } from '../../../apimachinery/meta.ts'
import { forbidden } from '../../../apimachinery/status.ts'
import type { Mirror } from '../../mirror/mirror.ts'
import { admissionForbidden } from '../forbidden.ts'
import { isPodWrite } from '../pods.ts'
import type { AdmissionAttributes, AdmissionPlugin } from '../types.ts'

/** Turns a pod's priority class into its priority (upstream's Priority). */
export function priority(mirror: Mirror<PriorityClass>): AdmissionPlugin {
  return {
    name: 'Priority',
    handles: (operation) => operation === 'CREATE' || operation === 'UPDATE',
    async mutate(attributes) {
      if (!isPodWrite(attributes)) return
      const pod = attributes.object as Pod
      if (attributes.operation === 'UPDATE') return keepPriority(pod, attributes.oldObject as Frozen<Pod>)
      const found = await classOf(pod, attributes, mirror)
      const value = found?.value ?? 0
      const { priority: asked } = pod.spec
      if (asked !== undefined && asked !== value) {
        throw admissionForbidden(
          attributes,
          `the integer value of priority (${asked}) must not be provided in pod spec; priority admission controller computed ${value} from the given PriorityClass name`,
        )
      }
      if (found?.metadata.name) pod.spec.priorityClassName = found.metadata.name
      pod.spec.priority = value
      const policy = found?.preemptionPolicy ?? 'PreemptLowerPriority'
      if (pod.spec.preemptionPolicy !== undefined && pod.spec.preemptionPolicy !== policy) {
        throw admissionForbidden(
          attributes,
          `the string value of PreemptionPolicy (${pod.spec.preemptionPolicy}) must not be provided in pod spec; priority admission controller computed ${policy} from the given PriorityClass name`,
        )
      }
      pod.spec.preemptionPolicy = policy
    },
    validate(attributes) {
      if (attributes.definition.plural !== 'priorityclasses' || attributes.object === undefined) return
      const { metadata, globalDefault } = attributes.object as PriorityClass
      const other = globalDefault && [...mirror.all()].find((c) => c.globalDefault && c.metadata.name !== metadata.name)
      if (other) {
        throw forbidden(
          { group: 'scheduling.k8s.io', resource: 'priorityclasses' },
          metadata.name ?? '',
          `PriorityClass ${other.metadata.name} is already marked as default. Only one default can exist`,
        )
      }
    },
  }
}

/** Clients that do not know the fields must not lose them. */
function keepPriority(pod: Pod, old: Frozen<Pod>): void {
  if (old.spec.priority !== undefined) pod.spec.priority ??= old.spec.priority
  if (old.spec.preemptionPolicy !== undefined) pod.spec.preemptionPolicy ??= old.spec.preemptionPolicy
}

async function classOf(
  pod: Pod,
  attributes: AdmissionAttributes,
  mirror: Mirror<PriorityClass>,
): Promise<Frozen<PriorityClass> | undefined> {
  const name = pod.spec.priorityClassName
  if (!name) {
    const defaults = [...mirror.all()].filter((c) => c.globalDefault)
    return defaults.toSorted((a, b) => (a.value ?? 0) - (b.value ?? 0))[0]
  }
  const found = mirror.get(name) ?? (await mirror.live(name))
  if (!found) throw admissionForbidden(attributes, `no PriorityClass with name ${name} was found`)
  return found
}

/** What the plugin needs to be kept in memory. */
export const priorityResource = priorityClasses
