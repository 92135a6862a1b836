import { statefulSets } from '../../api/index.ts'
import type { StatefulSet } from '../../api/generated/types/apps/v1.ts'
import type { PersistentVolumeClaim, Pod, PodTemplateSpec, Volume } from '../../api/generated/types/core/v1.ts'
import type { Frozen } from '../../apimachinery/meta.ts'
import { controllerReference } from '../ownership/owner-reference.ts'
import { podFromTemplate } from '../pods/from-template.ts'

/** On pods: the name of the revision they are of. */
export const REVISION_LABEL = 'controller-revision-hash'
const POD_NAME = 'statefulset.kubernetes.io/pod-name'
const POD_INDEX = 'apps.kubernetes.io/pod-index'

/** The number at the end of a pod's name; undefined when it has none or isn't named after the set. */
export function ordinalOf(set: Frozen<StatefulSet>, { metadata }: Frozen<Pod>): number | undefined {
  const prefix = `${set.metadata.name}-`
  const name = metadata.name ?? ''
  const number = name.startsWith(prefix) ? name.slice(prefix.length) : ''
  return /^\d+$/.test(number) ? Number(number) : undefined
}

/** The first ordinal, and the one after the last. */
export function ordinalRange({ spec }: Frozen<StatefulSet>): { readonly first: number; readonly end: number } {
  const first = spec.ordinals?.start ?? 0
  return { first, end: first + (spec.replicas ?? 1) }
}

/** The pod of an ordinal: its name, its network identity and its volumes stay the same however often it is made anew. */
export function statefulPod(
  set: Frozen<StatefulSet>,
  ordinal: number,
  { template, revision }: { readonly template: Frozen<PodTemplateSpec>; readonly revision: string },
): Frozen<Pod> {
  const { metadata } = podFromTemplate(template, set, controllerReference(statefulSets, set))
  const name = `${set.metadata.name}-${ordinal}`
  const labels = { ...metadata.labels, [POD_NAME]: name, [POD_INDEX]: String(ordinal), [REVISION_LABEL]: revision }
  const { serviceName } = set.spec
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { ...metadata, name, labels },
    spec: {
      ...template.spec,
      hostname: name,
      ...(serviceName && { subdomain: serviceName }),
      volumes: volumesOf(set, ordinal, template),
    },
  }
}

/** The template's volumes; where a claim template has the name of one, the claim takes its place. */
function volumesOf(set: Frozen<StatefulSet>, ordinal: number, template: Frozen<PodTemplateSpec>): Frozen<Volume>[] {
  const claims = (set.spec.volumeClaimTemplates ?? []).map(({ metadata }): Frozen<Volume> => {
    const name = metadata.name ?? ''
    return { name, persistentVolumeClaim: { claimName: claimName(set, name, ordinal), readOnly: false } }
  })
  const others = (template.spec.volumes ?? []).filter(({ name }) => !claims.some((claim) => claim.name === name))
  return [...claims, ...others]
}

function claimName({ metadata }: Frozen<StatefulSet>, template: string, ordinal: number): string {
  return `${template}-${metadata.name}-${ordinal}`
}

/** The claims that the pod of an ordinal needs. They outlive it. */
export function claimsOf(set: Frozen<StatefulSet>, ordinal: number): Frozen<PersistentVolumeClaim>[] {
  return (set.spec.volumeClaimTemplates ?? []).map(({ metadata, spec }) => ({
    metadata: {
      name: claimName(set, metadata.name ?? '', ordinal),
      ...(set.metadata.namespace && { namespace: set.metadata.namespace }),
      labels: { ...metadata.labels, ...set.spec.selector.matchLabels },
      ...(metadata.annotations && { annotations: metadata.annotations }),
      ...(isGoneWithSet(set) && { ownerReferences: [controllerReference(statefulSets, set)] }),
    },
    spec,
  }))
}

/** Claims that are to go with the set have it as an owner. */
function isGoneWithSet({ spec }: Frozen<StatefulSet>): boolean {
  return spec.persistentVolumeClaimRetentionPolicy?.whenDeleted === 'Delete'
}

/** The revision that the pod is of. */
export function revisionOf({ metadata }: Frozen<Pod>): string {
  return metadata.labels?.[REVISION_LABEL] ?? ''
}
