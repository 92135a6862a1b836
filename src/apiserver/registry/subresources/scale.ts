import { schemaFor } from '../../../api/schema-for.ts'
import type { Scale } from '../../../api/generated/types/autoscaling/v1.ts'
import { type LabelSelector, selectorOf } from '../../../apimachinery/labels/label-selector.ts'
import { formatLabelSet, labelSetOf } from '../../../apimachinery/labels/selector.ts'
import type { Frozen, KubeObject, ManagedFieldsEntry } from '../../../apimachinery/meta.ts'
import type { ScaleSubresource } from '../../../apimachinery/resource.ts'
import { badRequest, conflict, invalid, invalidObject, methodNotSupported } from '../../../apimachinery/status.ts'
import type { Call } from '../../request/call.ts'
import { mutate } from '../admit.ts'
import type { Answer, ObjectAnswer } from '../answer.ts'
import { type BodyKind, readKind } from '../body.ts'
import { change, MODIFIED, uidMismatch } from '../change.ts'
import { deepCopy } from '../codec.ts'
import { getObject } from '../get.ts'
import { groupVersionKind } from '../../../apimachinery/apply/apply.ts'
import { withTimesOf } from '../../../apimachinery/apply/managers.ts'
import { applyConfiguration, trackUpdate } from '../managed-fields.ts'
import { matchName, matchNamespace } from '../metadata.ts'
import { type PatchOptions, readPatchOptions, readWriteOptions, type WriteOptions } from '../options.ts'
import { patchKind, readConfiguration, readPatch } from '../patch.ts'
import { setAt, valueAt } from '../paths.ts'
import { type Registry, type ServedResource, storageKey } from '../served.ts'
import type { Subresource } from './subresource.ts'

const SCALE: BodyKind = {
  group: 'autoscaling',
  version: 'v1',
  kind: 'Scale',
  get schema() {
    return schemaFor('io.k8s.api.autoscaling.v1.Scale')
  },
}

/** The scale subresource of a kind: an autoscaling/v1 Scale that reads and writes the kind's own fields. */
export function scaleSubresource(paths: ScaleSubresource): Subresource {
  return {
    verbs: ['get', 'update', 'patch'],
    async answer(registry, resource, call) {
      switch (call.info.verb) {
        case 'get':
          return scaleAnswer(await getObject(registry, resource, call), paths)
        case 'update':
          return updateScale(registry, resource, call, paths)
        case 'patch':
          return patchScale(registry, resource, call, paths)
        default:
          throw methodNotSupported(resource.groupResource, call.info.verb)
      }
    },
  }
}

function scaleAnswer({ status, object }: ObjectAnswer, paths: ScaleSubresource): Answer {
  return { type: 'value', status, value: scaleOf(object.object(), paths) }
}

/** The Scale of an object. */
export function scaleOf(object: Frozen<KubeObject>, { replicas, statusReplicas, selector }: ScaleSubresource): Scale {
  const { name, namespace, uid, resourceVersion, creationTimestamp } = object.metadata
  const wanted = Number(valueAt(object, replicas) ?? 0)
  const selected = selector && selectorText(valueAt(object, selector))
  return {
    kind: 'Scale',
    apiVersion: 'autoscaling/v1',
    metadata: { name, namespace, uid, resourceVersion, creationTimestamp } as Scale['metadata'],
    spec: wanted === 0 ? {} : { replicas: wanted },
    status: {
      replicas: Number((statusReplicas && valueAt(object, statusReplicas)) ?? 0),
      ...(selected && { selector: selected }),
    },
  }
}

/** A LabelSelector, a map of labels, or a string already. */
function selectorText(value: unknown): string {
  if (typeof value === 'string') return value
  if (typeof value !== 'object' || value === null) return ''
  const isSelector = 'matchLabels' in value || 'matchExpressions' in value
  return formatLabelSet(isSelector ? selectorOf(value as LabelSelector) : labelSetOf(value as Record<string, string>))
}

async function updateScale(
  registry: Registry,
  resource: ServedResource,
  call: Call,
  paths: ScaleSubresource,
): Promise<Answer> {
  const options = readWriteOptions(call, 'UpdateOptions')
  const sent = await readKind<Scale & KubeObject>(registry, call, SCALE, options.fieldValidation)
  matchNamespace(resource.definition, sent, call.info.namespace)
  matchName(sent, call.info.name, call.info.namespace)
  return changeScale(registry, resource, call, options, paths, () => ({ scale: deepCopy(sent) }))
}

async function patchScale(
  registry: Registry,
  resource: ServedResource,
  call: Call,
  paths: ScaleSubresource,
): Promise<Answer> {
  const type = patchKind(resource, call)
  const options = readPatchOptions(call, type)
  if (type === 'apply') return applyScale(registry, resource, call, options, paths)
  const patch = await readPatch(registry, call, type, SCALE, options)
  return changeScale(registry, resource, call, options, paths, (current) => {
    const scale = patch(scaleOf(current, paths) as KubeObject) as Scale & KubeObject
    matchNamespace(resource.definition, scale, call.info.namespace)
    matchName(scale, call.info.name, call.info.namespace)
    return { scale }
  })
}

/** An apply of a Scale is one of the object itself, with nothing but its replicas. */
async function applyScale(
  registry: Registry,
  resource: ServedResource,
  call: Call,
  options: PatchOptions,
  paths: ScaleSubresource,
): Promise<Answer> {
  const { configuration: given, tell } = await readConfiguration(call, options)
  const sent = given as Scale & KubeObject
  const { name, namespace } = call.info
  const { kind } = resource.definition
  const configuration = { kind, apiVersion: resource.codec.apiVersion, metadata: { name, namespace } } as KubeObject
  if (sent.spec?.replicas !== undefined) setAt(configuration, paths.replicas, sent.spec.replicas)
  return changeScale(registry, resource, call, options, paths, (current) => {
    if (sent.kind !== 'Scale' || sent.apiVersion !== 'autoscaling/v1') {
      throw badRequest(
        `invalid object type: ${groupVersionKind({ apiVersion: textOf(sent.apiVersion), kind: textOf(sent.kind) })}`,
      )
    }
    const applied = applyConfiguration(registry, resource, call, options, configuration, current)
    tell()
    return { scale: scaleOf(applied, paths) as Scale & KubeObject, managers: applied.metadata.managedFields ?? [] }
  })
}

/** What is no text says nothing. */
const textOf = (value: unknown): string => (typeof value === 'string' ? value : '')

/** The Scale to be, and who owns what then if that is not to be told by what changes. */
interface NextScale {
  readonly scale: Scale & KubeObject
  readonly managers?: ManagedFieldsEntry[]
}

/** Writes the object whose Scale `next` makes of the current one. */
export async function changeScale(
  registry: Registry,
  resource: ServedResource,
  call: Call,
  options: WriteOptions,
  paths: ScaleSubresource,
  next: (current: Frozen<KubeObject>) => NextScale,
): Promise<Answer> {
  const answer = await change(registry, resource, call, options, {
    async next(current) {
      // A scale of nothing is refused before it gets here.
      const old = current ?? { metadata: {} }
      const { scale, managers } = next(old)
      await mutate(registry, resource, call, options, scale, current && (scaleOf(current, paths) as KubeObject), SCALE)
      const draft = scaled(resource, call, old, scale, paths)
      if (managers) draft.metadata.managedFields = managers
      else trackUpdate(registry, resource, call, options, draft, old)
      const { managedFields } = draft.metadata
      const entries = managedFields && withTimesOf(old.metadata.managedFields, managedFields, 'scale')
      if (entries) draft.metadata.managedFields = entries
      return draft
    },
    createsAbsent: false,
    shown: { kind: SCALE, of: (object) => scaleOf(object, paths) as KubeObject },
  })
  return scaleAnswer(answer, paths)
}

function scaled(
  resource: ServedResource,
  call: Call,
  old: Frozen<KubeObject>,
  scale: Scale & KubeObject,
  { replicas }: ScaleSubresource,
): KubeObject {
  const { name } = call.info
  const wanted = scale.spec?.replicas ?? 0
  // Custom resources are checked as a whole, with the number in them.
  if (wanted < 0 && !resource.custom) {
    const problem = invalid('spec.replicas', wanted, 'must be greater than or equal to 0')
    throw invalidObject(SCALE, name, [problem])
  }
  const { uid, resourceVersion } = scale.metadata
  if (uid && uid !== old.metadata.uid) {
    const key = storageKey(resource.definition, old.metadata.namespace ?? '', old.metadata.name ?? '')
    const why = uidMismatch(key, uid, old.metadata.uid ?? '')
    throw conflict(resource.groupResource, name, why)
  }
  if (resourceVersion && resourceVersion !== old.metadata.resourceVersion) {
    throw conflict(resource.groupResource, name, MODIFIED)
  }
  const draft = deepCopy(old) as KubeObject
  // Named by the client it must still be the newest when written; otherwise the write is tried again.
  if (resourceVersion) draft.metadata.resourceVersion = resourceVersion
  else if (!resource.custom) delete draft.metadata.resourceVersion
  setAt(draft, replicas, wanted)
  return draft
}
