import type { Binding, Node, Pod } from '../../../api/generated/types/core/v1.ts'
import { nodes } from '../../../api/core/v1/node.ts'
import { Lru } from '../../../lib/lru.ts'
import type { Store } from '../../../store/store.ts'
import { resourceName } from '../forbidden.ts'
import type { AdmissionSources } from '../sources.ts'
import type { AdmissionAttributes, AdmissionPlugin } from '../types.ts'

/** What a pod learns of where its node stands. */
const LABELS = ['topology.kubernetes.io/zone', 'topology.kubernetes.io/region']
const KEPT_NODES = 5000

type Labels = Readonly<Record<string, string>>

/** A pod that gets its node also gets the node's zone and region as labels (KEP-4742, upstream's PodTopologyLabels). */
export function podTopologyLabels({ store }: AdmissionSources): AdmissionPlugin {
  const labelsOf = nodeLabels(store)
  return {
    name: 'PodTopologyLabels',
    handles: (operation) => operation === 'CREATE',
    async mutate(attributes) {
      const node = nodeGiven(attributes)
      if (!node || !attributes.object) return
      const labels = await labelsOf(node)
      if (Object.keys(labels).length === 0) return
      const { metadata } = attributes.object
      metadata.labels = { ...metadata.labels, ...labels }
    },
  }
}

/** The node that a Binding, or a new pod, names. */
function nodeGiven(attributes: AdmissionAttributes): string | undefined {
  const { kind, subresource, object } = attributes
  const resource = resourceName(attributes)
  const isBinding = kind.kind === 'Binding'
  if (resource === 'pods' && subresource === '' && !isBinding) return (object as Pod).spec.nodeName
  const target = isBinding ? (object as Binding).target : undefined
  return target && (!target.kind || target.kind === 'Node') ? target.name : undefined
}

/** A node is read again only when it has changed: pods are bound far more often. */
function nodeLabels(store: Store): (name: string) => Promise<Labels> {
  const known = new Lru<string, { readonly revision: number; readonly labels: Labels }>(KEPT_NODES)
  return async (name) => {
    const entry = await store.get(`${nodes.storagePrefix}/${name}`)
    if (!entry) return {}
    const kept = known.get(name)
    if (kept?.revision === entry.modRevision) return kept.labels
    const { metadata } = JSON.parse(new TextDecoder().decode(entry.value)) as Node
    const own = Object.entries(metadata.labels ?? {}).filter(([key]) => LABELS.includes(key))
    const labels = Object.fromEntries(own)
    known.set(name, { revision: entry.modRevision, labels })
    return labels
  }
}
