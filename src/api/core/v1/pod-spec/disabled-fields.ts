import type { PodSpec } from '../../../generated/types/core/v1.ts'
import { containersOf } from './default.ts'

/**
 * Takes away what belongs to features that are off in 1.36: ContainerStopSignals, ClusterTrustBundleProjection,
 * PodCertificateRequest and GenericWorkload (upstream's dropDisabledFields).
 */
export function dropDisabledFields(spec: PodSpec): void {
  delete spec.schedulingGroup
  for (const container of containersOf(spec)) {
    const { lifecycle } = container
    if (lifecycle?.stopSignal === undefined) continue
    delete lifecycle.stopSignal
    if (Object.keys(lifecycle).length === 0) delete container.lifecycle
  }
  for (const { projected } of spec.volumes ?? []) {
    for (const source of projected?.sources ?? []) {
      delete source.clusterTrustBundle
      delete source.podCertificate
    }
  }
}
