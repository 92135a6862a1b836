import type { Frozen } from '../apimachinery/meta.ts'
import { namespaces } from '../api/core/v1/namespace.ts'
import { nodes } from '../api/core/v1/node.ts'
import { isPodTerminal } from '../api/core/v1/pod-conditions.ts'
import { pods } from '../api/core/v1/pod.ts'
import type { Node, Pod } from '../api/generated/types/core/v1.ts'
import type { InformerFactory } from '../client/index.ts'
import { Cache } from './cache/cache.ts'
import { podInfoOf, type PodInfo } from './framework/pod-info.ts'
import { volumeResources } from './plugins/volume-binding/plugin.ts'
import type { SchedulingQueue } from './queue/queue.ts'

export interface FeedOptions {
  readonly informers: InformerFactory
  readonly queue: SchedulingQueue
  readonly schedulerName: string
  /** Whether the pod may wait in the queue at all. */
  readonly mayQueue: (pod: PodInfo) => boolean
}

/** Keeps a cache and the queue in step with the API. */
export function feed(options: FeedOptions): Cache {
  const { informers, queue } = options
  const namespaceLister = informers.lister(namespaces)
  const cache = new Cache((name) => namespaceLister.get(name)?.metadata.labels)
  feedPods(options, cache)
  informers.informer(nodes).addHandler({
    onAdd(node) {
      cache.setNode(node)
      queue.onEvent('NodeAdd')
    },
    onUpdate(node, old) {
      cache.setNode(node)
      if (changedForScheduling(node, old)) queue.onEvent('NodeUpdate')
    },
    onDelete: (node) => cache.removeNode(node.metadata.name ?? ''),
  })
  informers.informer(namespaces).addHandler({
    onUpdate(now, old) {
      if (JSON.stringify(now.metadata.labels) === JSON.stringify(old.metadata.labels)) return
      cache.topology.reset()
      queue.onEvent('NamespaceUpdate')
    },
  })
  const onStorage = (): void => queue.onEvent('StorageUpdate')
  for (const resource of volumeResources)
    informers
      .informer<never>(resource as never)
      .addHandler({ onAdd: onStorage, onUpdate: onStorage, onDelete: onStorage })
  return cache
}

/** A pod is in the cache while it is bound and has not ended, in the queue while it is neither bound nor being deleted. */
function feedPods({ informers, queue, schedulerName, mayQueue }: FeedOptions, cache: Cache): void {
  const isPlaced = (pod: Frozen<Pod>): boolean => Boolean(pod.spec.nodeName) && !isPodTerminal(pod)
  const isWaiting = (pod: Frozen<Pod>): boolean =>
    !pod.spec.nodeName &&
    !pod.metadata.deletionTimestamp &&
    !isPodTerminal(pod) &&
    pod.spec.schedulerName === schedulerName
  const uidOf = (pod: Frozen<Pod>): string => pod.metadata.uid ?? ''
  const leave = (pod: Frozen<Pod>): void => {
    queue.remove(uidOf(pod))
    cache.denominate(uidOf(pod))
    // The room that was kept for it is free.
    if (!isPlaced(pod)) return nominationOf(pod) === '' ? undefined : queue.onEvent('PodDelete')
    cache.removePod(uidOf(pod))
    queue.onEvent('PodDelete')
  }
  const nominationOf = (pod: Frozen<Pod>): string => pod.status?.nominatedNodeName ?? ''
  const enqueue = (pod: Frozen<Pod>): void => {
    // While its binding is under way the pod is as good as placed.
    const info = podInfoOf(pod)
    if (cache.isAssumed(info.uid) || !mayQueue(info)) return
    if (nominationOf(pod) !== '') cache.nominate(info, nominationOf(pod))
    queue.add(pod)
  }
  informers.informer(pods).addHandler({
    onAdd(pod) {
      if (isWaiting(pod)) enqueue(pod)
      if (!isPlaced(pod)) return
      cache.setPod(pod)
      queue.onEvent('PodAdd')
    },
    onUpdate(pod, old) {
      if (uidOf(pod) !== uidOf(old)) leave(old)
      const gaveUpRoom = nominationOf(old) !== '' && nominationOf(pod) !== nominationOf(old)
      if (gaveUpRoom) cache.denominate(uidOf(pod))
      if (isWaiting(pod)) {
        enqueue(pod)
        return gaveUpRoom ? queue.onEvent('PodDelete') : undefined
      }
      queue.remove(uidOf(pod))
      if (!isPlaced(pod)) return isPlaced(old) ? leave(old) : undefined
      cache.setPod(pod)
      if (!isPlaced(old)) queue.onEvent('PodAdd')
      else if (JSON.stringify(pod.metadata.labels) !== JSON.stringify(old.metadata.labels))
        queue.onEvent('PodLabelUpdate')
    },
    onDelete: leave,
  })
}

/** Heartbeats change nothing. */
function changedForScheduling(now: Frozen<Node>, old: Frozen<Node>): boolean {
  const essence = ({ metadata, spec, status }: Frozen<Node>): string =>
    JSON.stringify([
      metadata.labels,
      spec,
      status?.allocatable,
      status?.conditions?.map(({ type, status: s }) => [type, s]),
      status?.images?.length,
    ])
  return essence(now) !== essence(old)
}
