import type { ResourceDefinition } from '../apimachinery/resource.ts'
import { mutatingAdmissionPolicies } from './admissionregistration/v1/mutatingadmissionpolicy.ts'
import { mutatingAdmissionPolicyBindings } from './admissionregistration/v1/mutatingadmissionpolicybinding.ts'
import { mutatingWebhookConfigurations } from './admissionregistration/v1/mutatingwebhookconfiguration.ts'
import { validatingAdmissionPolicies } from './admissionregistration/v1/validatingadmissionpolicy.ts'
import { validatingAdmissionPolicyBindings } from './admissionregistration/v1/validatingadmissionpolicybinding.ts'
import { validatingWebhookConfigurations } from './admissionregistration/v1/validatingwebhookconfiguration.ts'
import { customResourceDefinitions } from './apiextensions/v1/customresourcedefinition.ts'
import { apiServices } from './apiregistration/v1/apiservice.ts'
import { controllerRevisions } from './apps/v1/controllerrevision.ts'
import { daemonSets } from './apps/v1/daemonset.ts'
import { deployments } from './apps/v1/deployment.ts'
import { replicaSets } from './apps/v1/replicaset.ts'
import { statefulSets } from './apps/v1/statefulset.ts'
import { selfSubjectReviews } from './authentication/v1/selfsubjectreview.ts'
import { tokenReviews } from './authentication/v1/tokenreview.ts'
import { localSubjectAccessReviews } from './authorization/v1/localsubjectaccessreview.ts'
import { selfSubjectAccessReviews } from './authorization/v1/selfsubjectaccessreview.ts'
import { selfSubjectRulesReviews } from './authorization/v1/selfsubjectrulesreview.ts'
import { subjectAccessReviews } from './authorization/v1/subjectaccessreview.ts'
import { horizontalPodAutoscalersV1 } from './autoscaling/v1/horizontalpodautoscaler.ts'
import { horizontalPodAutoscalers } from './autoscaling/v2/horizontalpodautoscaler.ts'
import { cronJobs } from './batch/v1/cronjob.ts'
import { jobs } from './batch/v1/job.ts'
import { certificateSigningRequests } from './certificates/v1/certificatesigningrequest.ts'
import { leases } from './coordination/v1/lease.ts'
import { bindings } from './core/v1/binding.ts'
import { componentStatuses } from './core/v1/componentstatus.ts'
import { configMaps } from './core/v1/configmap.ts'
import { endpoints } from './core/v1/endpoints.ts'
import { events } from './core/v1/event.ts'
import { limitRanges } from './core/v1/limitrange.ts'
import { namespaces } from './core/v1/namespace.ts'
import { nodes } from './core/v1/node.ts'
import { persistentVolumes } from './core/v1/persistentvolume.ts'
import { persistentVolumeClaims } from './core/v1/persistentvolumeclaim.ts'
import { pods } from './core/v1/pod.ts'
import { podTemplates } from './core/v1/podtemplate.ts'
import { replicationControllers } from './core/v1/replicationcontroller.ts'
import { resourceQuotas } from './core/v1/resourcequota.ts'
import { secrets } from './core/v1/secret.ts'
import { services } from './core/v1/service.ts'
import { serviceAccounts } from './core/v1/serviceaccount.ts'
import { endpointSlices } from './discovery/v1/endpointslice.ts'
import { eventsV1 } from './events/v1/event.ts'
import { flowSchemas } from './flowcontrol/v1/flowschema.ts'
import { priorityLevelConfigurations } from './flowcontrol/v1/prioritylevelconfiguration.ts'
import { ingresses } from './networking/v1/ingress.ts'
import { ingressClasses } from './networking/v1/ingressclass.ts'
import { ipAddresses } from './networking/v1/ipaddress.ts'
import { networkPolicies } from './networking/v1/networkpolicy.ts'
import { serviceCIDRs } from './networking/v1/servicecidr.ts'
import { runtimeClasses } from './node/v1/runtimeclass.ts'
import { podDisruptionBudgets } from './policy/v1/poddisruptionbudget.ts'
import { clusterRoles } from './rbac/v1/clusterrole.ts'
import { clusterRoleBindings } from './rbac/v1/clusterrolebinding.ts'
import { roles } from './rbac/v1/role.ts'
import { roleBindings } from './rbac/v1/rolebinding.ts'
import { deviceClasses } from './resource/v1/deviceclass.ts'
import { resourceClaims } from './resource/v1/resourceclaim.ts'
import { resourceClaimTemplates } from './resource/v1/resourceclaimtemplate.ts'
import { resourceSlices } from './resource/v1/resourceslice.ts'
import { priorityClasses } from './scheduling/v1/priorityclass.ts'
import { csiDrivers } from './storage/v1/csidriver.ts'
import { csiNodes } from './storage/v1/csinode.ts'
import { csiStorageCapacities } from './storage/v1/csistoragecapacity.ts'
import { storageClasses } from './storage/v1/storageclass.ts'
import { volumeAttachments } from './storage/v1/volumeattachment.ts'
import { volumeAttributesClasses } from './storage/v1/volumeattributesclass.ts'

/**
 * Every kind that Kubernetes 1.36 serves by default, in the order of its discovery documents: groups by priority, preferred versions
 * first, kinds by plural.
 */
export const builtInResources: readonly ResourceDefinition[] = [
  // core/v1
  bindings,
  componentStatuses,
  configMaps,
  endpoints,
  events,
  limitRanges,
  namespaces,
  nodes,
  persistentVolumeClaims,
  persistentVolumes,
  pods,
  podTemplates,
  replicationControllers,
  resourceQuotas,
  secrets,
  serviceAccounts,
  services,
  // apiregistration.k8s.io/v1
  apiServices,
  // apps/v1
  controllerRevisions,
  daemonSets,
  deployments,
  replicaSets,
  statefulSets,
  // events.k8s.io/v1
  eventsV1,
  // authentication.k8s.io/v1
  selfSubjectReviews,
  tokenReviews,
  // authorization.k8s.io/v1
  localSubjectAccessReviews,
  selfSubjectAccessReviews,
  selfSubjectRulesReviews,
  subjectAccessReviews,
  // autoscaling/v2
  horizontalPodAutoscalers,
  // autoscaling/v1
  horizontalPodAutoscalersV1,
  // batch/v1
  cronJobs,
  jobs,
  // certificates.k8s.io/v1
  certificateSigningRequests,
  // networking.k8s.io/v1
  ingressClasses,
  ingresses,
  ipAddresses,
  networkPolicies,
  serviceCIDRs,
  // policy/v1
  podDisruptionBudgets,
  // rbac.authorization.k8s.io/v1
  clusterRoleBindings,
  clusterRoles,
  roleBindings,
  roles,
  // storage.k8s.io/v1
  csiDrivers,
  csiNodes,
  csiStorageCapacities,
  storageClasses,
  volumeAttachments,
  volumeAttributesClasses,
  // admissionregistration.k8s.io/v1
  mutatingAdmissionPolicies,
  mutatingAdmissionPolicyBindings,
  mutatingWebhookConfigurations,
  validatingAdmissionPolicies,
  validatingAdmissionPolicyBindings,
  validatingWebhookConfigurations,
  // apiextensions.k8s.io/v1
  customResourceDefinitions,
  // scheduling.k8s.io/v1
  priorityClasses,
  // coordination.k8s.io/v1
  leases,
  // node.k8s.io/v1
  runtimeClasses,
  // discovery.k8s.io/v1
  endpointSlices,
  // resource.k8s.io/v1
  deviceClasses,
  resourceClaims,
  resourceClaimTemplates,
  resourceSlices,
  // flowcontrol.apiserver.k8s.io/v1
  flowSchemas,
  priorityLevelConfigurations,
]

export {
  bindings,
  componentStatuses,
  configMaps,
  endpoints,
  events,
  limitRanges,
  namespaces,
  nodes,
  persistentVolumeClaims,
  persistentVolumes,
  pods,
  podTemplates,
  replicationControllers,
  resourceQuotas,
  secrets,
  serviceAccounts,
  services,
  apiServices,
  controllerRevisions,
  daemonSets,
  deployments,
  replicaSets,
  statefulSets,
  eventsV1,
  selfSubjectReviews,
  tokenReviews,
  localSubjectAccessReviews,
  selfSubjectAccessReviews,
  selfSubjectRulesReviews,
  subjectAccessReviews,
  horizontalPodAutoscalers,
  horizontalPodAutoscalersV1,
  cronJobs,
  jobs,
  certificateSigningRequests,
  ingressClasses,
  ingresses,
  ipAddresses,
  networkPolicies,
  serviceCIDRs,
  podDisruptionBudgets,
  clusterRoleBindings,
  clusterRoles,
  roleBindings,
  roles,
  csiDrivers,
  csiNodes,
  csiStorageCapacities,
  storageClasses,
  volumeAttachments,
  volumeAttributesClasses,
  mutatingAdmissionPolicies,
  mutatingAdmissionPolicyBindings,
  mutatingWebhookConfigurations,
  validatingAdmissionPolicies,
  validatingAdmissionPolicyBindings,
  validatingWebhookConfigurations,
  customResourceDefinitions,
  priorityClasses,
  leases,
  runtimeClasses,
  endpointSlices,
  deviceClasses,
  resourceClaims,
  resourceClaimTemplates,
  resourceSlices,
  flowSchemas,
  priorityLevelConfigurations,
}
