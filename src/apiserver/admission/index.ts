import { certificateApproval } from './certificate-approval/plugin.ts'
import { certificateSigning } from './certificate-signing/plugin.ts'
import { certificateSubjectRestriction } from './certificate-subject-restriction/plugin.ts'
import { defaultIngressClass } from './default-ingress-class/plugin.ts'
import { defaultStorageClass } from './default-storage-class/plugin.ts'
import { persistentVolumeClaimResize } from './persistent-volume-claim-resize/plugin.ts'
import { podSecurity } from './pod-security/plugin.ts'
import { podTopologyLabels } from './pod-topology-labels/plugin.ts'
import { runtimeClass } from './runtime-class/plugin.ts'
import { defaultTolerationSeconds } from './default-toleration-seconds/plugin.ts'
import { limitRanger } from './limit-ranger/plugin.ts'
import { namespaceLifecycle, namespaceLifecycleResource } from './namespace-lifecycle/plugin.ts'
import { nodeRestriction } from './node-restriction/plugin.ts'
import { priority, priorityResource } from './priority/plugin.ts'
import { storageObjectInUseProtection } from './storage-object-in-use-protection/plugin.ts'
import { resourceQuota } from './resource-quota/plugin.ts'
import { serviceAccount, serviceAccountResource } from './service-account/plugin.ts'
import { tokenSecretClients } from './token-secret-clients/plugin.ts'
import { taintNodesByCondition } from './taint-nodes-by-condition/plugin.ts'
import { mutatingAdmissionPolicy } from './policies/mutating.ts'
import { validatingAdmissionPolicy } from './policies/validating.ts'
import { mutatingAdmissionWebhook } from './webhooks/mutating.ts'
import { validatingAdmissionWebhook } from './webhooks/validating.ts'
import type { AdmissionSources } from './sources.ts'
import type { AdmissionPlugin } from './types.ts'

/**
 * The plugins that upstream enables by default, in its order: what refuses whole namespaces first, what fills a pod before what counts it,
 * quotas last, so that nothing is charged that is refused afterwards.
 */
export function defaultAdmission(sources: AdmissionSources): readonly AdmissionPlugin[] {
  const { mirrors, env } = sources
  return [
    namespaceLifecycle(mirrors.of(namespaceLifecycleResource)),
    tokenSecretClients,
    limitRanger(mirrors),
    serviceAccount(mirrors.of(serviceAccountResource), env.random),
    nodeRestriction(sources),
    taintNodesByCondition,
    podSecurity(sources),
    priority(mirrors.of(priorityResource)),
    defaultTolerationSeconds,
    defaultStorageClass(sources),
    storageObjectInUseProtection,
    persistentVolumeClaimResize(sources),
    runtimeClass(sources),
    certificateApproval(sources),
    certificateSigning(sources),
    certificateSubjectRestriction,
    defaultIngressClass(sources),
    podTopologyLabels(sources),
    mutatingAdmissionPolicy(sources),
    mutatingAdmissionWebhook(sources),
    validatingAdmissionPolicy(sources),
    validatingAdmissionWebhook(sources),
    resourceQuota(sources),
  ]
}
