import type { Binding, Pod } from '../../../api/generated/types/core/v1.ts'
import { aggregate } from '../../../apimachinery/labels/selector.ts'
import { schemaFor } from '../../../api/schema-for.ts'
import { timestamp, type KubeObject } from '../../../apimachinery/meta.ts'
import { badRequest, conflict, type FieldError, notSupported, required } from '../../../apimachinery/status.ts'
import type { Call } from '../../request/call.ts'
import { admissionAttributes } from '../admit.ts'
import type { Answer } from '../answer.ts'
import { type BodyKind, readKind } from '../body.ts'
import { MODIFIED, uidMismatch } from '../change.ts'
import { guaranteedUpdate } from '../guaranteed-update.ts'
import { matchNamespace } from '../metadata.ts'
import { readWriteOptions } from '../options.ts'
import { bareError } from '../revision.ts'
import { type Registry, type ServedResource, storageKey } from '../served.ts'
import { success, type Subresource } from './subresource.ts'

const BINDING: BodyKind = {
  group: '',
  version: 'v1',
  kind: 'Binding',
  get schema() {
    return schemaFor('io.k8s.api.core.v1.Binding')
  },
}

/** pods/binding: assigns a pod to a node. */
export const bindingSubresource: Subresource = {
  verbs: ['create'],
  async answer(registry, resource, call) {
    return bind(registry, resource, call)
  },
}

/** Also serves POST to the virtual `bindings`, the `posted` resource then; the Binding names the pod. */
export async function bind(
  registry: Registry,
  pods: ServedResource,
  call: Call,
  posted: ServedResource = pods,
): Promise<Answer> {
  const options = readWriteOptions(call, 'CreateOptions')
  const binding = await readKind<Binding & KubeObject>(registry, call, BINDING, options.fieldValidation)
  matchNamespace(pods.definition, binding, call.info.namespace)
  // Upstream wipes what only a server sets, but for a pod's own subresource.
  if (posted !== pods) delete binding.metadata.uid
  const name = binding.metadata.name ?? ''
  if (posted !== pods && name === '') throw badRequest('Name parameter required.')
  if (call.info.name && call.info.name !== name) throw badRequest('name in URL does not match name in Binding object')
  if (!registry.admission.idle('CREATE')) {
    const attributes = admissionAttributes(posted, call, 'CREATE', { object: binding, options, kind: BINDING, name })
    await registry.admission.mutate(attributes)
    check(binding)
    await registry.admission.validate(attributes)
  } else check(binding)
  const target = { namespace: call.info.namespace, name, dryRun: options.dryRun }
  await guaranteedUpdate(registry, pods, target, (pod) =>
    assign(pods, pod as Pod & KubeObject, binding, timestamp(registry.env.clock.now())),
  )
  return success(201)
}

/** Upstream lets these findings through as a plain error. */
function check({ target }: Binding): void {
  const problems: FieldError[] = []
  if (target?.kind && target.kind !== 'Node')
    problems.push(notSupported('target.kind', target.kind, ['Node', '<empty>']))
  if (!target?.name) problems.push(required('target.name'))
  if (problems.length > 0) throw bareError(aggregate(problems.map(({ field, message }) => `${field}: ${message}`)))
}

function assign(
  { definition, groupResource }: ServedResource,
  pod: Pod & KubeObject,
  { metadata, target }: Binding,
  now: string,
): void {
  const name = pod.metadata.name ?? ''
  const refuse = (why: string): Error => conflict({ group: '', resource: 'pods/binding' }, name, why)
  const { uid, resourceVersion } = metadata
  if (uid && uid !== pod.metadata.uid) {
    const key = storageKey(definition, pod.metadata.namespace ?? '', pod.metadata.name ?? '')
    const why = uidMismatch(key, uid, pod.metadata.uid ?? '')
    throw conflict(groupResource, name, why)
  }
  if (resourceVersion && resourceVersion !== pod.metadata.resourceVersion) {
    throw conflict(groupResource, name, MODIFIED)
  }
  if (pod.metadata.deletionTimestamp) throw refuse(`pod ${name} is being deleted, cannot be assigned to a host`)
  if (pod.spec.nodeName) throw refuse(`pod ${name} is already assigned to node ${JSON.stringify(pod.spec.nodeName)}`)
  if (pod.spec.schedulingGates?.length) throw refuse(`pod ${name} has non-empty .spec.schedulingGates`)
  pod.spec.nodeName = target.name ?? ''
  pod.metadata.annotations = { ...pod.metadata.annotations, ...metadata.annotations }
  pod.metadata.labels = { ...pod.metadata.labels, ...metadata.labels }
  const status = (pod.status ??= {})
  delete status.nominatedNodeName
  setScheduled(status, now)
}

function setScheduled(status: NonNullable<Pod['status']>, now: string): void {
  const conditions = (status.conditions ??= [])
  const scheduled = conditions.find(({ type }) => type === 'PodScheduled')
  if (scheduled?.status === 'True') return
  const condition = { type: 'PodScheduled', status: 'True', lastTransitionTime: now } as const
  if (scheduled) conditions.splice(conditions.indexOf(scheduled), 1, condition)
  else conditions.push(condition)
}
