import type { QueuedPod } from '../../queue/queue.ts'

/** Higher priority first, then who has waited longer (PrioritySort). The scheduler's one queue sort. */
export function goesBefore(a: QueuedPod, b: QueuedPod): boolean {
  if (a.info.priority !== b.info.priority) return a.info.priority > b.info.priority
  return a.sinceMs !== b.sinceMs ? a.sinceMs < b.sinceMs : a.order < b.order
}
