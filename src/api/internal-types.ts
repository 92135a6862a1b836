/**
 * Fields of upstream's internal types by their Go names, in Go's order, where that is not what the published type says: each with `=` and the
 * JSON name when it is not that name with a capital. Facts of pkg/apis/<group>/types.go in Kubernetes 1.36.
 */
const TYPES = `
io.k8s.api.core.v1
 Volume: Name HostPath EmptyDir GCEPersistentDisk=gcePersistentDisk AWSElasticBlockStore=awsElasticBlockStore GitRepo Secret NFS=nfs ISCSI=iscsi Glusterfs PersistentVolumeClaim RBD=rbd Quobyte FlexVolume Cinder CephFS=cephfs Flocker DownwardAPI FC=fc AzureFile ConfigMap VsphereVolume AzureDisk PhotonPersistentDisk Projected PortworxVolume ScaleIO StorageOS=storageos CSI=csi Ephemeral Image
 VolumeSource: HostPath EmptyDir GCEPersistentDisk=gcePersistentDisk AWSElasticBlockStore=awsElasticBlockStore GitRepo Secret NFS=nfs ISCSI=iscsi Glusterfs PersistentVolumeClaim RBD=rbd Quobyte FlexVolume Cinder CephFS=cephfs Flocker DownwardAPI FC=fc AzureFile ConfigMap VsphereVolume AzureDisk PhotonPersistentDisk Projected PortworxVolume ScaleIO StorageOS=storageos CSI=csi Ephemeral Image
 PersistentVolumeSource: GCEPersistentDisk=gcePersistentDisk AWSElasticBlockStore=awsElasticBlockStore HostPath Glusterfs NFS=nfs RBD=rbd Quobyte ISCSI=iscsi FlexVolume Cinder CephFS=cephfs FC=fc Flocker AzureFile VsphereVolume AzureDisk PhotonPersistentDisk PortworxVolume ScaleIO Local StorageOS=storageos CSI=csi
 PersistentVolumeSpec: Capacity GCEPersistentDisk=gcePersistentDisk AWSElasticBlockStore=awsElasticBlockStore HostPath Glusterfs NFS=nfs RBD=rbd Quobyte ISCSI=iscsi FlexVolume Cinder CephFS=cephfs FC=fc Flocker AzureFile VsphereVolume AzureDisk PhotonPersistentDisk PortworxVolume ScaleIO Local StorageOS=storageos CSI=csi AccessModes ClaimRef PersistentVolumeReclaimPolicy StorageClassName MountOptions VolumeMode NodeAffinity VolumeAttributesClassName
 TypedObjectReference: APIGroup=apiGroup Kind Name Namespace
 GCEPersistentDiskVolumeSource: PDName=pdName FSType=fsType Partition ReadOnly
 ISCSIVolumeSource: TargetPortal IQN=iqn Lun ISCSIInterface=iscsiInterface FSType=fsType ReadOnly Portals DiscoveryCHAPAuth=chapAuthDiscovery SessionCHAPAuth=chapAuthSession SecretRef InitiatorName
 ISCSIPersistentVolumeSource: TargetPortal IQN=iqn Lun ISCSIInterface=iscsiInterface FSType=fsType ReadOnly Portals DiscoveryCHAPAuth=chapAuthDiscovery SessionCHAPAuth=chapAuthSession SecretRef InitiatorName
 FCVolumeSource: TargetWWNs Lun FSType=fsType ReadOnly WWIDs=wwids
 FlexPersistentVolumeSource: Driver FSType=fsType SecretRef ReadOnly Options
 FlexVolumeSource: Driver FSType=fsType SecretRef ReadOnly Options
 AWSElasticBlockStoreVolumeSource: VolumeID FSType=fsType Partition ReadOnly
 GlusterfsVolumeSource: EndpointsName=endpoints Path ReadOnly
 GlusterfsPersistentVolumeSource: EndpointsName=endpoints Path ReadOnly EndpointsNamespace
 RBDVolumeSource: CephMonitors=monitors RBDImage=image FSType=fsType RBDPool=pool RadosUser=user Keyring SecretRef ReadOnly
 RBDPersistentVolumeSource: CephMonitors=monitors RBDImage=image FSType=fsType RBDPool=pool RadosUser=user Keyring SecretRef ReadOnly
 CinderVolumeSource: VolumeID FSType=fsType ReadOnly SecretRef
 CinderPersistentVolumeSource: VolumeID FSType=fsType ReadOnly SecretRef
 VsphereVirtualDiskVolumeSource: VolumePath FSType=fsType StoragePolicyName StoragePolicyID
 PhotonPersistentDiskVolumeSource: PdID FSType=fsType
 PortworxVolumeSource: VolumeID FSType=fsType ReadOnly
 AzureDiskVolumeSource: DiskName DataDiskURI=diskURI CachingMode FSType=fsType ReadOnly Kind
 ScaleIOVolumeSource: Gateway System SecretRef SSLEnabled=sslEnabled ProtectionDomain StoragePool StorageMode VolumeName FSType=fsType ReadOnly
 ScaleIOPersistentVolumeSource: Gateway System SecretRef SSLEnabled=sslEnabled ProtectionDomain StoragePool StorageMode VolumeName FSType=fsType ReadOnly
 StorageOSVolumeSource: VolumeName VolumeNamespace FSType=fsType ReadOnly SecretRef
 StorageOSPersistentVolumeSource: VolumeName VolumeNamespace FSType=fsType ReadOnly SecretRef
 LocalVolumeSource: Path FSType=fsType
 CSIPersistentVolumeSource: Driver VolumeHandle ReadOnly FSType=fsType VolumeAttributes ControllerPublishSecretRef NodeStageSecretRef NodePublishSecretRef ControllerExpandSecretRef NodeExpandSecretRef
 CSIVolumeSource: Driver ReadOnly FSType=fsType VolumeAttributes NodePublishSecretRef
 ObjectFieldSelector: APIVersion=apiVersion FieldPath
 HTTPGetAction: Path Port Host Scheme HTTPHeaders=httpHeaders
 Probe: Exec HTTPGet=httpGet TCPSocket=tcpSocket GRPC=grpc InitialDelaySeconds TimeoutSeconds PeriodSeconds SuccessThreshold FailureThreshold TerminationGracePeriodSeconds
 Container: Name Image Command Args WorkingDir Ports EnvFrom Env Resources ResizePolicy RestartPolicy RestartPolicyRules VolumeMounts VolumeDevices LivenessProbe ReadinessProbe StartupProbe Lifecycle TerminationMessagePath TerminationMessagePolicy ImagePullPolicy SecurityContext Stdin StdinOnce TTY=tty
 ProbeHandler: Exec HTTPGet=httpGet TCPSocket=tcpSocket GRPC=grpc
 LifecycleHandler: Exec HTTPGet=httpGet TCPSocket=tcpSocket Sleep
 ContainerStatus: Name State LastTerminationState=lastState Ready RestartCount Image ImageID ContainerID Started AllocatedResources Resources VolumeMounts User AllocatedResourcesStatus StopSignal
 LinuxContainerUser: UID GID=gid SupplementalGroups
 PodSpec: Volumes InitContainers Containers EphemeralContainers RestartPolicy TerminationGracePeriodSeconds ActiveDeadlineSeconds DNSPolicy=dnsPolicy NodeSelector ServiceAccountName AutomountServiceAccountToken NodeName SecurityContext ImagePullSecrets Hostname Subdomain SetHostnameAsFQDN Affinity SchedulerName Tolerations HostAliases PriorityClassName Priority PreemptionPolicy DNSConfig=dnsConfig ReadinessGates RuntimeClassName Overhead EnableServiceLinks TopologySpreadConstraints OS=os SchedulingGates ResourceClaims Resources HostnameOverride SchedulingGroup
 HostAlias: IP=ip Hostnames
 PodSecurityContext: SELinuxOptions WindowsOptions RunAsUser RunAsGroup RunAsNonRoot SupplementalGroups SupplementalGroupsPolicy FSGroup=fsGroup FSGroupChangePolicy=fsGroupChangePolicy Sysctls SeccompProfile AppArmorProfile SELinuxChangePolicy=seLinuxChangePolicy
 PodIP: IP=ip
 HostIP: IP=ip
 EphemeralContainerCommon: Name Image Command Args WorkingDir Ports EnvFrom Env Resources ResizePolicy RestartPolicy RestartPolicyRules VolumeMounts VolumeDevices LivenessProbe ReadinessProbe StartupProbe Lifecycle TerminationMessagePath TerminationMessagePolicy ImagePullPolicy SecurityContext Stdin StdinOnce TTY=tty
 EphemeralContainer: Name Image Command Args WorkingDir Ports EnvFrom Env Resources ResizePolicy RestartPolicy RestartPolicyRules VolumeMounts VolumeDevices LivenessProbe ReadinessProbe StartupProbe Lifecycle TerminationMessagePath TerminationMessagePolicy ImagePullPolicy SecurityContext Stdin StdinOnce TTY=tty TargetContainerName
 PodStatus: ObservedGeneration Phase Conditions Message Reason NominatedNodeName HostIP HostIPs PodIPs StartTime QOSClass=qosClass InitContainerStatuses ContainerStatuses EphemeralContainerStatuses Resize ResourceClaimStatuses ExtendedResourceClaimStatus AllocatedResources Resources NodeAllocatableResourceClaimStatuses
 LoadBalancerIngress: IP=ip Hostname IPMode=ipMode Ports
 ServiceSpec: Type Ports Selector ClusterIP ClusterIPs IPFamilies=ipFamilies IPFamilyPolicy=ipFamilyPolicy ExternalName ExternalIPs LoadBalancerIP SessionAffinity SessionAffinityConfig LoadBalancerSourceRanges ExternalTrafficPolicy HealthCheckNodePort PublishNotReadyAddresses AllocateLoadBalancerNodePorts LoadBalancerClass InternalTrafficPolicy TrafficDistribution
 EndpointAddress: IP=ip Hostname NodeName TargetRef
 NodeSpec: PodCIDRs ProviderID Unschedulable Taints ConfigSource DoNotUseExternalID=externalID
 NodeSystemInfo: MachineID SystemUUID BootID KernelVersion OSImage=osImage ContainerRuntimeVersion KubeletVersion KubeProxyVersion OperatingSystem Architecture Swap
 PodAttachOptions: Stdin Stdout Stderr TTY=tty Container
 PodExecOptions: Stdin Stdout Stderr TTY=tty Container Command
 ObjectReference: Kind Namespace Name UID APIVersion=apiVersion ResourceVersion FieldPath
 TypedLocalObjectReference: APIGroup=apiGroup Kind Name
 Event: InvolvedObject Reason Message Source FirstTimestamp LastTimestamp Count Type EventTime Series Action Related ReportingController=reportingComponent ReportingInstance
 Secret: Immutable Data Type
 WindowsSecurityContextOptions: GMSACredentialSpecName=gmsaCredentialSpecName GMSACredentialSpec=gmsaCredentialSpec RunAsUserName HostProcess
io.k8s.api.apps.v1
 DeploymentSpec: Replicas Selector Template Strategy MinReadySeconds RevisionHistoryLimit Paused ProgressDeadlineSeconds
 DaemonSetSpec: Selector Template UpdateStrategy MinReadySeconds RevisionHistoryLimit
io.k8s.api.batch.v1
 JobSpec: Parallelism Completions PodFailurePolicy SuccessPolicy ActiveDeadlineSeconds BackoffLimit BackoffLimitPerIndex MaxFailedIndexes Selector ManualSelector Template TTLSecondsAfterFinished=ttlSecondsAfterFinished CompletionMode Suspend PodReplacementPolicy ManagedBy
 JobStatus: Conditions StartTime CompletionTime Active Terminating Ready Succeeded Failed CompletedIndexes FailedIndexes UncountedTerminatedPods
io.k8s.api.autoscaling.v2
 CrossVersionObjectReference: Kind Name APIVersion=apiVersion
 ContainerResourceMetricSource: Name Container Target
 ContainerResourceMetricStatus: Name Container Current
io.k8s.api.networking.v1
 IPBlock: CIDR=cidr Except
 NetworkPolicyPeer: PodSelector NamespaceSelector IPBlock=ipBlock
 IngressSpec: IngressClassName DefaultBackend TLS=tls Rules
 IngressClassParametersReference: APIGroup=apiGroup Kind Name Scope Namespace
 IngressLoadBalancerIngress: IP=ip Hostname Ports
 IngressRule: Host HTTP=http
 IngressRuleValue: HTTP=http
 ServiceCIDRSpec: CIDRs=cidrs
io.k8s.api.storage.v1
 CSIDriverSpec: AttachRequired FSGroupPolicy=fsGroupPolicy PodInfoOnMount VolumeLifecycleModes StorageCapacity TokenRequests RequiresRepublish SELinuxMount=seLinuxMount NodeAllocatableUpdatePeriodSeconds ServiceAccountTokenInSecrets PreventPodSchedulingIfMissing
io.k8s.api.resource.v1
 DeviceAttribute: IntValue=int BoolValue=bool StringValue=string VersionValue=version IntValues=ints BoolValues=bools StringValues=strings VersionValues=versions
 DeviceSelector: CEL=cel
 ResourceClaimConsumerReference: APIGroup=apiGroup Resource Name UID
 NetworkDeviceData: InterfaceName IPs=ips HardwareAddress
io.k8s.api.rbac.v1
 PolicyRule: Verbs APIGroups=apiGroups Resources ResourceNames NonResourceURLs
 Subject: Kind APIGroup=apiGroup Name Namespace
 RoleRef: APIGroup=apiGroup Kind Name
io.k8s.api.admissionregistration.v1
 Rule: APIGroups=apiGroups APIVersions=apiVersions Resources Scope
 ValidatingAdmissionPolicySpec: ParamKind MatchConstraints Validations MatchConditions FailurePolicy AuditAnnotations Variables
 ParamKind: APIVersion=apiVersion Kind
 NamedRuleWithOperations: ResourceNames
 RuleWithOperations: Operations APIGroups=apiGroups APIVersions=apiVersions Resources Scope
 WebhookClientConfig: URL=url Service CABundle=caBundle
 Mutation: PatchType ApplyConfiguration JSONPatch=jsonPatch
io.k8s.api.flowcontrol.v1
 ResourcePolicyRule: Verbs APIGroups=apiGroups Resources ClusterScope Namespaces
`

/** Names that Go capitalises more of. */
const JSON_NAMES: Readonly<Record<string, string>> = { SELinuxOptions: 'seLinuxOptions', UID: 'uid' }

/** The fields of each internal type by the model name of the published one. */
export const INTERNAL_FIELDS: ReadonlyMap<string, readonly (readonly [go: string, json: string])[]> = new Map(parsed())

function* parsed(): Generator<[string, [string, string][]]> {
  let model = ''
  for (const line of TYPES.trim().split('\n')) {
    const [name, fields] = line.trim().split(': ')
    if (fields === undefined) model = line
    else yield [`${model}.${name ?? ''}`, fields.split(' ').map(fieldNames)]
  }
}

function fieldNames(text: string): [string, string] {
  const [go = '', json = JSON_NAMES[go] ?? go.charAt(0).toLowerCase() + go.slice(1)] = text.split('=')
  return [go, json]
}
