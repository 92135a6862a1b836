import type { Pod } from '../../api/generated/types/core/v1.ts'
import { pods } from '../../api/index.ts'
import type { Frozen } from '../../apimachinery/meta.ts'
import { indexes, type IndexDefinition, type Lister } from '../../client/controller.ts'

const INDEX = 'node'

/** Indexes pods by the node they are bound to. */
export const podsByNode: IndexDefinition = indexes(pods, INDEX, ({ spec }) => (spec.nodeName ? [spec.nodeName] : []))

/** The pods bound to a node; needs podsByNode. */
export function podsOnNode(lister: Lister<Pod>, node: string): readonly Frozen<Pod>[] {
  return lister.byIndex(INDEX, node)
}
