import type { Pod, PodTemplateSpec } from '../../api/generated/types/core/v1.ts'
import { isDns1123Subdomain } from '../../apimachinery/validation/names.ts'
import type { Frozen, KubeObject, OwnerReference } from '../../apimachinery/meta.ts'

/** A pod of `template` for its controller, named after it. Shares the template's spec: don't change it in place. */
export function podFromTemplate(
  template: Frozen<PodTemplateSpec>,
  owner: Frozen<KubeObject>,
  reference: OwnerReference,
): Frozen<Pod> {
  const { labels, annotations, finalizers } = template.metadata ?? {}
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: {
      generateName: podNamePrefix(owner.metadata.name ?? ''),
      ...(owner.metadata.namespace && { namespace: owner.metadata.namespace }),
      ...(labels && { labels }),
      ...(annotations && { annotations }),
      ...(finalizers && { finalizers }),
      ownerReferences: [reference],
    },
    spec: template.spec ?? { containers: [] },
  }
}

/** `web-`, or `web` alone where the dash would make the prefix invalid. */
export function podNamePrefix(owner: string): string {
  return isDns1123Subdomain(`${owner}-x`).length === 0 ? `${owner}-` : owner
}
