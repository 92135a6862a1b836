import type { Job } from '../../generated/types/batch/v1.ts'

/** Labels that a job's pods carry, with the names they had before they had a domain. */
export const JOB_NAME_LABELS = ['job-name', 'batch.kubernetes.io/job-name'] as const
export const CONTROLLER_UID_LABELS = ['controller-uid', 'batch.kubernetes.io/controller-uid'] as const

/**
 * Gives the pod template labels that no other job's pods have, and a selector for them. Labels that are there stay:
 * validation refuses wrong ones.
 */
export function generateSelector({ metadata, spec }: Job): void {
  const template = (spec.template.metadata ??= {})
  const labels = (template.labels ??= {})
  for (const key of JOB_NAME_LABELS) labels[key] ??= metadata.name ?? ''
  for (const key of CONTROLLER_UID_LABELS) labels[key] ??= metadata.uid ?? ''
  const selector = (spec.selector ??= {})
  const wanted = (selector.matchLabels ??= {})
  wanted['batch.kubernetes.io/controller-uid'] ??= metadata.uid ?? ''
}
