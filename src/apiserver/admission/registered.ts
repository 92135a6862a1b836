import { alwaysAdmit } from './always-admit/plugin.ts'
import { alwaysDeny } from './always-deny/plugin.ts'
import { alwaysPullImages } from './always-pull-images/plugin.ts'
import { certificateApproval } from './certificate-approval/plugin.ts'
import { certificateSigning } from './certificate-signing/plugin.ts'
import { certificateSubjectRestriction } from './certificate-subject-restriction/plugin.ts'
import type { AdmissionConfig } from './config.ts'
import { defaultIngressClass } from './default-ingress-class/plugin.ts'
import { defaultStorageClass } from './default-storage-class/plugin.ts'
import { defaultTolerationSeconds } from './default-toleration-seconds/plugin.ts'
import { denyServiceExternalIPs } from './deny-service-external-ips/plugin.ts'
import { eventRateLimit } from './event-rate-limit/plugin.ts'
import { extendedResourceToleration } from './extended-resource-toleration/plugin.ts'
import { imagePolicyConfig } from './image-policy-webhook/config.ts'
import { imagePolicyWebhook } from './image-policy-webhook/plugin.ts'
import { limitPodHardAntiAffinityTopology } from './limit-pod-hard-anti-affinity-topology/plugin.ts'
import { limitRanger } from './limit-ranger/plugin.ts'
import { namespaceAutoProvision } from './namespace-auto-provision/plugin.ts'
import { namespaceExists } from './namespace-exists/plugin.ts'
import { namespaceLifecycle, namespaceLifecycleResource } from './namespace-lifecycle/plugin.ts'
import { nodeDeclaredFeatureValidator } from './node-declared-feature-validator/plugin.ts'
import { nodeRestriction } from './node-restriction/plugin.ts'
import { ownerReferencesPermissionEnforcement } from './owner-references-permission-enforcement/plugin.ts'
import { persistentVolumeClaimResize } from './persistent-volume-claim-resize/plugin.ts'
import { podNodeSelector } from './pod-node-selector/plugin.ts'
import { podResizeValidator } from './pod-resize-validator/plugin.ts'
import { podSecurity } from './pod-security/plugin.ts'
import { podTolerationRestriction } from './pod-toleration-restriction/plugin.ts'
import { podTopologyLabels } from './pod-topology-labels/plugin.ts'
import { mutatingAdmissionPolicy } from './policies/mutating.ts'
import { validatingAdmissionPolicy } from './policies/validating.ts'
import { priority, priorityResource } from './priority/plugin.ts'
import { resourceQuota } from './resource-quota/plugin.ts'
import { runtimeClass } from './runtime-class/plugin.ts'
import { serviceAccount, serviceAccountResource } from './service-account/plugin.ts'
import type { AdmissionSources } from './sources.ts'
import { storageObjectInUseProtection } from './storage-object-in-use-protection/plugin.ts'
import { taintNodesByCondition } from './taint-nodes-by-condition/plugin.ts'
import { tokenSecretClients } from './token-secret-clients/plugin.ts'
import type { AdmissionPlugin } from './types.ts'
import { mutatingAdmissionWebhook } from './webhooks/mutating.ts'
import { validatingAdmissionWebhook } from './webhooks/validating.ts'

/** A plugin that can be had. */
export interface Registered {
  readonly name: string
  /** Whether it stands unless somebody says otherwise. */
  readonly isDefault: boolean
  /** Absent: it is about a feature that is off in 1.36, and does nothing. */
  readonly create?: (sources: AdmissionSources, config: AdmissionConfig) => AdmissionPlugin
}

type Create = Registered['create']

const on = (name: string, create?: Create): Registered => ({ name, isDefault: true, ...(create && { create }) })
const off = (name: string, create?: Create): Registered => ({ name, isDefault: false, ...(create && { create }) })

/**
 * Every plugin of upstream's 1.36, in the order in which upstream runs them: what refuses whole namespaces first, what fills a pod before what counts it,
 * quotas near the end, so that nothing is charged that is refused afterwards. On by default is what upstream has on, and NodeRestriction, which
 * upstream's installers add: kubelets are authorized by the Node authorizer here, which is half a guard without it.
 */
export const REGISTERED: readonly Registered[] = [
  off('AlwaysAdmit', () => alwaysAdmit),
  off('NamespaceAutoProvision', namespaceAutoProvision),
  on('NamespaceLifecycle', ({ mirrors }) => namespaceLifecycle(mirrors.of(namespaceLifecycleResource))),
  off('NamespaceExists', namespaceExists),
  off('LimitPodHardAntiAffinityTopology', () => limitPodHardAntiAffinityTopology),
  on('LimitRanger', ({ mirrors }) => limitRanger(mirrors)),
  on('ServiceAccount', ({ mirrors, env }) => serviceAccount(mirrors.of(serviceAccountResource), env.random)),
  on('NodeRestriction', nodeRestriction),
  on('TaintNodesByCondition', () => taintNodesByCondition),
  off('AlwaysPullImages', () => alwaysPullImages),
  off('ImagePolicyWebhook', (sources, config) =>
    imagePolicyWebhook(sources, config.imagePolicy ?? imagePolicyConfig({})),
  ),
  on('PodSecurity', (sources, config) => podSecurity(sources, config.podSecurity)),
  off('PodNodeSelector', (sources, config) => podNodeSelector(sources, config.podNodeSelector ?? {})),
  on('Priority', ({ mirrors }) => priority(mirrors.of(priorityResource))),
  on('DefaultTolerationSeconds', (_sources, config) => defaultTolerationSeconds(config)),
  off('PodTolerationRestriction', (sources, { podTolerationRestriction: config }) =>
    podTolerationRestriction(sources, config ?? { default: [], whitelist: [] }),
  ),
  off('EventRateLimit', ({ env }, config) => eventRateLimit(env.clock, config.eventRateLimit ?? [])),
  off('ExtendedResourceToleration', () => extendedResourceToleration),
  on('DefaultStorageClass', defaultStorageClass),
  on('StorageObjectInUseProtection', () => storageObjectInUseProtection),
  on('PodGroupProtection'),
  off('OwnerReferencesPermissionEnforcement', ownerReferencesPermissionEnforcement),
  on('PersistentVolumeClaimResize', persistentVolumeClaimResize),
  on('RuntimeClass', runtimeClass),
  on('CertificateApproval', certificateApproval),
  on('CertificateSigning', certificateSigning),
  on('ClusterTrustBundleAttest'),
  on('CertificateSubjectRestriction', () => certificateSubjectRestriction),
  on('DefaultIngressClass', defaultIngressClass),
  off('DenyServiceExternalIPs', () => denyServiceExternalIPs),
  on('PodTopologyLabels', podTopologyLabels),
  on('PodGroupWorkloadExists'),
  on('NodeDeclaredFeatureValidator', nodeDeclaredFeatureValidator),
  on('JobValidation'),
  on('PodResizeValidator', podResizeValidator),
  on('MutatingAdmissionPolicy', mutatingAdmissionPolicy),
  on('MutatingAdmissionWebhook', mutatingAdmissionWebhook),
  on('ValidatingAdmissionPolicy', validatingAdmissionPolicy),
  on('ValidatingAdmissionWebhook', validatingAdmissionWebhook),
  on('ResourceQuota', (sources, config) => resourceQuota(sources, config.limitedResources)),
  off('AlwaysDeny', () => alwaysDeny),
]

/** Not one of upstream's, and never off: it marks namespaces of old clients. */
export const OWN: readonly AdmissionPlugin[] = [tokenSecretClients]
