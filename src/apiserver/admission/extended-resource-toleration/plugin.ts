import { isExtendedResource } from '../../../api/core/v1/resource-names.ts'
import type { Pod, Toleration } from '../../../api/generated/types/core/v1.ts'
import { isPodWrite } from '../pods.ts'
import type { AdmissionPlugin } from '../types.ts'

/** Who asks for `example.com/device` tolerates a taint of that name (upstream's ExtendedResourceToleration). */
export const extendedResourceToleration: AdmissionPlugin = {
  name: 'ExtendedResourceToleration',
  handles: (operation) => operation === 'CREATE' || operation === 'UPDATE',
  mutate(attributes) {
    if (!isPodWrite(attributes)) return
    const { spec } = attributes.object as Pod
    const containers = [...(spec.containers ?? []), ...(spec.initContainers ?? [])]
    const asked = new Set(containers.flatMap(({ resources }) => Object.keys(resources?.requests ?? {})))
    for (const key of [...asked].filter(isExtendedResource).sort((a, b) => (a < b ? -1 : 1))) {
      spec.tolerations = withToleration(spec.tolerations ?? [], { key, operator: 'Exists', effect: 'NoSchedule' })
    }
  },
}

/** In the place of the one of the same key, operator, value and effect, if there is one (upstream's AddOrUpdateTolerationInPod). */
function withToleration(tolerations: readonly Toleration[], added: Toleration): Toleration[] {
  const same = ({ key, operator, value, effect }: Toleration): boolean =>
    key === added.key && operator === added.operator && !value && effect === added.effect
  const replaced = tolerations.map((one) => (same(one) ? added : one))
  return replaced.includes(added) ? replaced : [...replaced, added]
}
