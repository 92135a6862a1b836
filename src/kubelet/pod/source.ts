import type { Pod } from './spec.ts'

/** What hears of the pods of one node. */
export interface PodHandler {
  /** A pod that is bound to this node, when first seen and after each change. */
  set(pod: Pod): void
  /** It is gone from the API; the last that was seen of it. */
  removed(pod: Pod): void
  /** Every pod there is has been told. Called once. */
  synced(): void
}

/** Where a node's pods come from: an informer of its own, or one that many hollow nodes share. */
export interface PodSource {
  /** Tells the handler of the node's pods until the signal aborts. */
  follow(nodeName: string, handler: PodHandler, signal: AbortSignal): void
}
