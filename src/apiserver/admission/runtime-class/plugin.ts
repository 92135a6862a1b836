import type { Pod } from '../../../api/generated/types/core/v1.ts'
import type { RuntimeClass } from '../../../api/generated/types/node/v1.ts'
import { runtimeClasses } from '../../../api/node/v1/runtimeclass.ts'
import { semanticEqual } from '../../../apimachinery/equality.ts'
import type { Frozen } from '../../../apimachinery/meta.ts'
import type { Mirror } from '../../mirror/mirror.ts'
import { admissionForbidden } from '../forbidden.ts'
import { pathProblem } from '../names.ts'
import { isPodWrite } from '../pods.ts'
import { bareError } from '../../registry/revision.ts'
import type { AdmissionSources } from '../sources.ts'
import type { AdmissionAttributes, AdmissionPlugin } from '../types.ts'
import { mergeTolerations } from '../tolerations.ts'

/** Gives a pod what its RuntimeClass asks for: overhead, node selector, tolerations (upstream's RuntimeClass). */
export function runtimeClass({ mirrors }: AdmissionSources): AdmissionPlugin {
  const mirror = mirrors.of(runtimeClasses)
  return {
    name: 'RuntimeClass',
    handles: (operation) => operation === 'CREATE',
    async mutate(attributes) {
      if (!isPodWrite(attributes)) return
      const pod = attributes.object as Pod
      const found = await classOf(mirror, pod, attributes)
      setOverhead(pod, found, attributes)
      setScheduling(pod, found, attributes)
    },
    async validate(attributes) {
      if (!isPodWrite(attributes)) return
      const pod = attributes.object as Pod
      const fixed = (await classOf(mirror, pod, attributes))?.overhead?.podFixed
      if (fixed && !semanticEqual(fixed, pod.spec.overhead)) throw mismatch(attributes)
      if (!fixed && pod.spec.overhead) {
        const why = 'pod rejected: Pod Overhead set without corresponding RuntimeClass defined Overhead'
        throw admissionForbidden(attributes, why)
      }
    },
  }
}

async function classOf(
  mirror: Mirror<RuntimeClass>,
  { spec }: Pod,
  attributes: AdmissionAttributes,
): Promise<Frozen<RuntimeClass> | undefined> {
  const name = spec?.runtimeClassName
  if (name === undefined) return undefined
  const bad = pathProblem(name)
  if (bad) throw bareError(bad)
  const found = mirror.get(name) ?? (await mirror.live(name))
  if (!found) throw admissionForbidden(attributes, `pod rejected: RuntimeClass ${JSON.stringify(name)} not found`)
  return found
}

function mismatch(attributes: AdmissionAttributes): Error {
  return admissionForbidden(attributes, "pod rejected: Pod's Overhead doesn't match RuntimeClass's defined Overhead")
}

function setOverhead(pod: Pod, found: Frozen<RuntimeClass> | undefined, attributes: AdmissionAttributes): void {
  const fixed = found?.overhead?.podFixed
  if (!fixed) return
  if (pod.spec.overhead && !semanticEqual(fixed, pod.spec.overhead)) throw mismatch(attributes)
  pod.spec.overhead = { ...fixed }
}

function setScheduling({ spec }: Pod, found: Frozen<RuntimeClass> | undefined, attributes: AdmissionAttributes): void {
  const scheduling = found?.scheduling
  if (!scheduling) return
  for (const [key, value] of Object.entries(scheduling.nodeSelector ?? {})) {
    const own = spec.nodeSelector?.[key]
    if (own !== undefined && own !== value) {
      const why = `conflict: runtimeClass.scheduling.nodeSelector[${key}] = ${value}; pod.spec.nodeSelector[${key}] = ${own}`
      throw admissionForbidden(attributes, why)
    }
    ;(spec.nodeSelector ??= {})[key] = value
  }
  const merged = mergeTolerations(spec.tolerations ?? [], structuredClone(scheduling.tolerations ?? []) as never[])
  if (merged.length > 0) spec.tolerations = merged
}
