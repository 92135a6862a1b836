import { nodes } from '../../api/index.ts'
import { defineController, done } from '../../client/controller.ts'

const ANNOTATION = 'node.alpha.kubernetes.io/ttl'
/** How many seconds a node may keep what it has read, by how many nodes there are. */
const TTLS: readonly (readonly [nodes: number, seconds: number])[] = [
  [100, 0],
  [500, 15],
  [1000, 30],
  [2000, 60],
  [Infinity, 300],
]

/** Tells nodes how long they may go without reading Secrets and ConfigMaps anew: the longer, the more of them there are. */
export const ttlController = defineController({
  name: 'ttl',
  for: nodes,
  wakes: (now) => now !== undefined,
  async reconcile(key, { lister, client }) {
    const node = lister(nodes).get(key)
    if (!node) return done
    const seconds = TTLS.find(([most]) => lister(nodes).list().length <= most)?.[1] ?? 0
    if (node.metadata.annotations?.[ANNOTATION] === String(seconds)) return done
    await client(nodes).patch(key, 'merge', { metadata: { annotations: { [ANNOTATION]: String(seconds) } } })
    return done
  },
})
