import type { Frozen, KubeObject } from '../apimachinery/meta.ts'

/** Records Events about objects, aggregated and rate limited per source as upstream's recorder does. Never throws, never waits. */
export interface EventRecorder {
  event(about: Frozen<KubeObject>, type: 'Normal' | 'Warning', reason: string, message: string): void
}
