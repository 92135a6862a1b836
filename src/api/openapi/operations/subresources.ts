import type { OtherSubresource } from '../../../apimachinery/resource.ts'
import { groupVersions } from '../../generated/kinds.ts'
import type { GroupVersionKind } from '../model.ts'
import { articleFor } from '../naming.ts'
import { metaParameters, optionsParameters } from '../parameters.ts'
import { connectOperations } from './connect.ts'
import { itemOperations, itemPath, type Item } from './item.ts'
import { responses, type Operation } from './operation.ts'
import { operation, type Scope } from './scope.ts'

const SCALE: GroupVersionKind = { group: 'autoscaling', kind: 'Scale', version: 'v1' }

/** Status, scale and all others that the definition names. */
export function subresourceOperations(scope: Scope): Operation[] {
  const { status, scale, subresources } = scope.definition
  const verbs = ['get', 'patch', 'update']
  return [
    ...(status
      ? itemOperations(scope, { subresource: 'status', gvk: scope.gvk, model: scope.models.object, verbs })
      : []),
    ...(scale ? itemOperations(scope, scaleItem(scope, verbs)) : []),
    ...subresources.flatMap((subresource) => otherOperations(scope, subresource)),
  ]
}

/** Custom resources' operations on a scale are marked as the resource's own. */
function scaleItem({ custom, gvk }: Scope, verbs: readonly string[]): Item {
  return { subresource: 'scale', gvk: custom ? gvk : SCALE, model: modelOf(SCALE), verbs }
}

function otherOperations(scope: Scope, subresource: OtherSubresource): Operation[] {
  const { name, verbs, group = scope.gvk.group, version = scope.gvk.version, kind = scope.gvk.kind } = subresource
  const gvk = { group, kind, version }
  const own = subresource.kind === undefined
  const item: Item = { subresource: name, gvk, model: own ? scope.models.object : modelOf(gvk), verbs }
  if (kind.endsWith('Options')) return connectOperations(scope, item)
  if (name === 'log') return [log(scope, item)]
  return verbs.includes('create') ? [create(scope, item)] : itemOperations(scope, item)
}

/** A subresource that is only created: binding, eviction, token. */
function create(scope: Scope, item: Item): Operation {
  const { path, suffix, parameters } = itemPath(scope, item)
  const { kind } = scope.definition
  const description = `create ${item.subresource} of ${articleFor(kind)}${kind}`
  return {
    ...operation(scope, { method: 'post', path, action: 'post', verb: 'create', suffix, description }),
    gvk: item.gvk,
    parameters: [...parameters, ...metaParameters('CreateOptions')],
    body: { model: item.model, required: true },
    responses: responses(item.model, 201, 202),
  }
}

/** A pod's log: text, with options of its own. */
function log(scope: Scope, item: Item): Operation {
  const { path, suffix, parameters } = itemPath(scope, item)
  const description = `read log of the specified ${scope.definition.kind}`
  return {
    ...operation(scope, { method: 'get', path, action: 'get', verb: 'read', suffix, description }),
    parameters: [...parameters, ...optionsParameters('io.k8s.api.core.v1.PodLogOptions')],
    produces: ['text/plain', ...scope.media],
    responses: [{ code: 200 }],
  }
}

/** The model of a kind that a generated package has. */
export function modelOf({ group, version, kind }: GroupVersionKind): string {
  const facts = groupVersions.find((gv) => gv.group === group && gv.version === version)
  if (!facts) throw new Error(`OpenAPI: ${group}/${version} is not among the generated packages`)
  return `${facts.model}.${kind}`
}
