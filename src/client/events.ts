import type { Frozen, KubeObject } from '../apimachinery/meta.ts'

/** What an Event is about: an object, with its apiVersion and kind, or a part of one. */
export type EventSubject = Frozen<KubeObject> | { readonly object: Frozen<KubeObject>; readonly fieldPath: string }

export interface EventDetails {
  /** A second object that has to do with it. */
  readonly related?: Frozen<KubeObject>
  /** What was tried, such as `Binding`; events.k8s.io only. Default: the reason. */
  readonly action?: string
  readonly annotations?: Readonly<Record<string, string>>
}

/** Records Events about objects, aggregated and rate limited per source as upstream's recorder does. Never throws, never waits. */
export interface EventRecorder {
  event(about: EventSubject, type: 'Normal' | 'Warning', reason: string, message: string, details?: EventDetails): void
}
