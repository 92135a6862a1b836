import type { ControllerDefinition } from '../client/controller.ts'
import { bootstrapSignerController } from './bootstrapsigner/controller.ts'
import { clusterRoleAggregationController } from './clusterroleaggregation/controller.ts'
import { csrApprovingController } from './csrapproving/controller.ts'
import { csrCleanerController } from './csrcleaner/controller.ts'
import { csrSigningController, type CertificateAuthority } from './csrsigning/controller.ts'
import { cronJobController } from './cronjob/controller.ts'
import { daemonSetController } from './daemonset/controller.ts'
import { deploymentController } from './deployment/controller.ts'
import { disruptionController } from './disruption/controller.ts'
import { endpointSliceController } from './endpointslice/controller.ts'
import { endpointsController } from './endpoints/controller.ts'
import { endpointSliceMirroringController } from './endpointslicemirroring/controller.ts'
import { garbageCollector } from './garbagecollector/controller.ts'
import { horizontalPodAutoscalerController } from './horizontalpodautoscaler/controller.ts'
import { jobController } from './job/controller.ts'
import { legacyServiceAccountTokenCleaner } from './legacyserviceaccounttokencleaner/controller.ts'
import { namespaceController } from './namespace/controller.ts'
import { nodeLifecycleController } from './nodelifecycle/controller.ts'
import { claimBinder } from './persistentvolumebinder/claims.ts'
import { volumeReleaser } from './persistentvolumebinder/volumes.ts'
import { podGarbageCollector } from './podgc/controller.ts'
import { pvProtectionController } from './pvprotection/controller.ts'
import { pvcProtectionController } from './pvcprotection/controller.ts'
import { replicaSetController } from './replicaset/controller.ts'
import { replicationController } from './replicationcontroller/controller.ts'
import { resourceQuotaController } from './resourcequota/controller.ts'
import { rootCaCertPublisher } from './rootcacertpublisher/controller.ts'
import { serviceAccountController } from './serviceaccount/controller.ts'
import { serviceAccountTokenController } from './serviceaccounttoken/controller.ts'
import { serviceCidrsController } from './servicecidrs/controller.ts'
import { statefulSetController } from './statefulset/controller.ts'
import { taintEvictionController } from './tainteviction/controller.ts'
import { tokenCleanerController } from './tokencleaner/controller.ts'
import { tokenSecretController } from './tokensecret/controller.ts'
import { ttlController } from './ttl/controller.ts'
import { ttlAfterFinishedController } from './ttlafterfinished/controller.ts'
import { validatingAdmissionPolicyStatusController } from './validatingadmissionpolicystatus/controller.ts'
import { vacProtectionController } from './vacprotection/controller.ts'

/** What some controllers need from outside; those whose need is not met are left out. */
export interface ControllerOptions {
  /** The CA that the API server's certificate is signed by, in PEM. */
  readonly rootCa?: string
  /** Tells of each other CA that comes in its place, until the signal aborts. */
  readonly followRootCa?: (changed: (rootCa: string) => void, signal: AbortSignal) => void
  /** Signs the claims of a token that never expires, with the cluster's service account key. */
  readonly signServiceAccountToken?: (claims: Readonly<Record<string, string>>) => Promise<string>
  /** Signs certificates that are asked for and approved. */
  readonly certificateAuthority?: CertificateAuthority
  /** The longest that such a certificate lasts, as upstream's --cluster-signing-duration. */
  readonly clusterSigningDurationMs?: number
  /** How long tokens of Secrets stay that nobody uses, as upstream's --legacy-service-account-token-clean-up-period. */
  readonly legacyTokenCleanUpMs?: number
}

/** Every controller of the control plane. None depends on the order; those that others wait for stand first. */
export function createControllers(options: ControllerOptions = {}): readonly ControllerDefinition[] {
  const { rootCa, signServiceAccountToken: sign, certificateAuthority: authority } = options
  return [
    serviceAccountController,
    ...(rootCa ? [rootCaCertPublisher(rootCa, options.followRootCa)] : []),
    ...(rootCa && sign ? [serviceAccountTokenController({ rootCa, sign, followRootCa: options.followRootCa })] : []),
    tokenSecretController,
    legacyServiceAccountTokenCleaner({ periodMs: options.legacyTokenCleanUpMs }),
    csrApprovingController,
    ...(authority ? [csrSigningController({ authority, durationMs: options.clusterSigningDurationMs })] : []),
    csrCleanerController,
    bootstrapSignerController,
    tokenCleanerController,
    deploymentController,
    replicaSetController,
    replicationController,
    daemonSetController(),
    statefulSetController,
    endpointSliceController,
    endpointsController,
    endpointSliceMirroringController,
    jobController(),
    cronJobController,
    ttlAfterFinishedController,
    disruptionController,
    horizontalPodAutoscalerController(),
    resourceQuotaController(),
    clusterRoleAggregationController,
    validatingAdmissionPolicyStatusController,
    nodeLifecycleController(),
    ttlController,
    taintEvictionController(),
    podGarbageCollector(),
    namespaceController,
    claimBinder,
    volumeReleaser,
    pvcProtectionController,
    pvProtectionController,
    vacProtectionController,
    serviceCidrsController,
    garbageCollector(),
  ]
}
