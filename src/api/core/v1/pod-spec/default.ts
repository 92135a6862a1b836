import type { ObjectMeta } from '../../../../apimachinery/meta.ts'
import type {
  Container,
  EphemeralContainer,
  Lifecycle,
  LifecycleHandler,
  PodSpec,
  PodTemplateSpec,
  Probe,
  ProbeHandler,
} from '../../../generated/types/core/v1.ts'
import { roundUpQuantities } from '../resource-list.ts'
import { defaultVolume } from './default-volume.ts'
import { dropDisabledFields } from './disabled-fields.ts'
import { defaultPullPolicy } from './image-name.ts'

/** A template's metadata and spec, present and with defaults (workloads). */
export function defaultPodTemplate(holder: { template?: PodTemplateSpec }): PodTemplateSpec {
  const template = (holder.template ??= { spec: { containers: [] } })
  template.metadata ??= {} as ObjectMeta
  template.spec ??= { containers: [] }
  defaultPodSpec(template.spec)
  return template
}

/** SetDefaults_PodSpec and what lies below it. What only a Pod gets is in `defaultPod`. */
export function defaultPodSpec(spec: PodSpec): void {
  spec.dnsPolicy ||= 'ClusterFirst'
  spec.restartPolicy ||= 'Always'
  spec.securityContext ??= {}
  spec.terminationGracePeriodSeconds ??= 30
  spec.schedulerName ||= 'default-scheduler'
  mirrorServiceAccount(spec)
  dropDisabledFields(spec)
  spec.volumes?.forEach(defaultVolume)
  for (const container of containersOf(spec)) defaultContainer(container)
  roundUpQuantities(spec.overhead)
  roundUpQuantities(spec.resources?.limits)
  roundUpQuantities(spec.resources?.requests)
}

/** `serviceAccount` is the old name of `serviceAccountName`; both are kept equal, and the new one wins. */
export function mirrorServiceAccount(spec: PodSpec): void {
  const name = spec.serviceAccountName || spec.serviceAccount
  if (!name) return
  spec.serviceAccountName = name
  spec.serviceAccount = name
}

/** Init, regular and ephemeral containers, in upstream's order of visiting. */
export function* containersOf(spec: PodSpec): Generator<Container | EphemeralContainer> {
  yield* spec.initContainers ?? []
  yield* spec.containers ?? []
  yield* spec.ephemeralContainers ?? []
}

function defaultContainer(container: Container | EphemeralContainer): void {
  container.imagePullPolicy ||= defaultPullPolicy(container.image)
  container.terminationMessagePath ||= '/dev/termination-log'
  container.terminationMessagePolicy ||= 'File'
  container.resources ??= {}
  roundUpQuantities(container.resources.limits)
  roundUpQuantities(container.resources.requests)
  for (const port of container.ports ?? []) port.protocol ||= 'TCP'
  for (const { valueFrom } of container.env ?? []) {
    if (valueFrom?.fieldRef) valueFrom.fieldRef.apiVersion ||= 'v1'
    if (valueFrom?.resourceFieldRef) valueFrom.resourceFieldRef.divisor ??= '0'
    if (valueFrom?.fileKeyRef) valueFrom.fileKeyRef.optional ??= false
  }
  for (const probe of [container.livenessProbe, container.readinessProbe, container.startupProbe])
    if (probe) defaultProbe(probe)
  defaultLifecycle(container.lifecycle)
}

function defaultProbe(probe: Probe): void {
  probe.timeoutSeconds ||= 1
  probe.periodSeconds ||= 10
  probe.successThreshold ||= 1
  probe.failureThreshold ||= 3
  defaultHandler(probe)
  if (probe.grpc) probe.grpc.service ??= ''
}

function defaultLifecycle(lifecycle: Lifecycle | undefined): void {
  if (lifecycle?.postStart) defaultHandler(lifecycle.postStart)
  if (lifecycle?.preStop) defaultHandler(lifecycle.preStop)
}

function defaultHandler(handler: ProbeHandler | LifecycleHandler): void {
  if (!handler.httpGet) return
  handler.httpGet.path ||= '/'
  handler.httpGet.scheme ||= 'HTTP'
}
