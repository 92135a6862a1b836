import { visitContainers } from '../../../api/core/v1/pod-spec/visit.ts'
import type { Container, Pod } from '../../../api/generated/types/core/v1.ts'
import type { Frozen } from '../../../apimachinery/meta.ts'
import { notSupported } from '../../../apimachinery/status.ts'
import { aggregateMessage } from '../../../apimachinery/aggregate.ts'
import { bareError } from '../../registry/revision.ts'
import { admissionForbidden } from '../forbidden.ts'
import { isPodWrite } from '../pods.ts'
import type { AdmissionAttributes, AdmissionPlugin } from '../types.ts'

const ALWAYS = 'Always'

/** Every image of a pod, those of volumes too, is pulled whenever it starts (upstream's AlwaysPullImages). */
export const alwaysPullImages: AdmissionPlugin = {
  name: 'AlwaysPullImages',
  handles: (operation) => operation === 'CREATE' || operation === 'UPDATE',
  mutate(attributes) {
    if (!bringsImages(attributes)) return
    const { spec } = attributes.object as Pod
    for (const [container] of visitContainers(spec, '')) (container as Container).imagePullPolicy = ALWAYS
    for (const { image } of spec.volumes ?? []) if (image) image.pullPolicy = ALWAYS
  },
  validate(attributes) {
    if (!bringsImages(attributes)) return
    const wrong = [...otherPolicies(attributes.object as Pod)].map(([field, policy]) => {
      const { message } = notSupported(field, policy, [ALWAYS])
      return admissionForbidden(attributes, `${field}: ${message}`)
    })
    if (wrong.length > 0) throw bareError(aggregateMessage(wrong))
  },
}

/** What another plugin or webhook has made of it since. */
function* otherPolicies({ spec }: Frozen<Pod>): Iterable<readonly [field: string, policy: string]> {
  for (const [{ imagePullPolicy = '' }, path] of visitContainers(spec, 'spec'))
    if (imagePullPolicy !== ALWAYS) yield [`${path}.imagePullPolicy`, imagePullPolicy]
  for (const [index, { image }] of (spec.volumes ?? []).entries())
    if (image && image.pullPolicy !== ALWAYS) yield [`spec.volumes[${index}].image.pullPolicy`, image.pullPolicy ?? '']
}

/** An update that names no new image changes nothing. */
function bringsImages(attributes: AdmissionAttributes): boolean {
  if (!isPodWrite(attributes)) return false
  if (attributes.operation !== 'UPDATE') return true
  const known = new Set(imagesOf(attributes.oldObject as Frozen<Pod>))
  return imagesOf(attributes.object as Pod).some((image) => !known.has(image))
}

function imagesOf({ spec }: Frozen<Pod>): string[] {
  return visitContainers(spec, '').map(([{ image = '' }]) => image)
}
