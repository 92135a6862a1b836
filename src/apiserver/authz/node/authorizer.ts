import { ruleOf } from '../../bootstrap/rbac/policy.ts'
import { CLUSTER_ROLES } from '../../bootstrap/rbac/cluster-roles.ts'
import { parseFieldSelector } from '../../../apimachinery/fields/selector.ts'
import { ParseError } from '../../../apimachinery/parse-error.ts'
import type { PolicyRule } from '../../../api/generated/types/rbac/v1.ts'
import { ruleAllows } from '../rbac/rules.ts'
import type { Authorization, AuthorizationAttributes, Authorizer } from '../types.ts'
import { nodeOf } from './identity.ts'
import type { NodeGraph } from './node-graph.ts'
import type { ReferenceKind } from '../../../api/core/v1/pod-references.ts'

const ALLOW: Authorization = { decision: 'Allow' }
const NO_OPINION: Authorization = { decision: 'NoOpinion' }
const LEASE_NAMESPACE = 'kube-node-lease'
const OWN_OBJECT_VERBS = ['get', 'create', 'update', 'patch', 'delete']

type Rule = (node: string, asked: AuthorizationAttributes, graph: NodeGraph) => Authorization | Promise<Authorization>

/** What nodes may do with resources of which they may touch only their own, by `resource.group`. */
const RULES: Readonly<Record<string, Rule>> = {
  secrets: readReferenced('secrets'),
  configmaps: readReferenced('configmaps'),
  persistentvolumeclaims: claims,
  persistentvolumes: (node, asked, graph) => getRelated(asked, node, () => graph.hasVolume(node, asked.name)),
  serviceaccounts: accounts,
  nodes: ownNode,
  pods: ownPods,
  'leases.coordination.k8s.io': lease,
  'csinodes.storage.k8s.io': csiNode,
  'volumeattachments.storage.k8s.io': (node, asked, graph) =>
    getRelated(asked, node, () => graph.hasAttachment(node, asked.name)),
  'resourceclaims.resource.k8s.io': (node, asked, graph) =>
    getRelated(asked, node, () => graph.hasReference(node, 'resourceclaims', asked.namespace, asked.name)),
  'resourceslices.resource.k8s.io': slices,
  // Not served unless its feature is on.
  'podcertificaterequests.certificates.k8s.io': () => NO_OPINION,
}

/** Lets each kubelet do what its own pods and its own objects need, and no more (upstream's node authorizer). */
export function nodeAuthorizer(graph: NodeGraph): Authorizer {
  let rules: readonly PolicyRule[] | undefined
  const fixed = (): readonly PolicyRule[] => (rules ??= (CLUSTER_ROLES['system:node'] ?? []).map(ruleOf))
  return {
    authorize(asked) {
      const node = nodeOf(asked.user)
      if (node === undefined) return NO_OPINION
      if (node === '') return noOpinion(`unknown node for user ${JSON.stringify(asked.user.name)}`)
      const name = asked.apiGroup ? `${asked.resource}.${asked.apiGroup}` : asked.resource
      const rule = asked.resourceRequest && Object.hasOwn(RULES, name) ? RULES[name] : undefined
      if (rule) return rule(node, asked, graph)
      return fixed().some((one) => ruleAllows(one, asked)) ? ALLOW : NO_OPINION
    },
    rulesFor: (user) => ({
      resourceRules: [],
      nonResourceRules: [],
      incomplete: nodeOf(user) !== undefined,
      ...(nodeOf(user) !== undefined && {
        evaluationError: 'node authorizer does not support user rule resolution',
      }),
    }),
  }
}

function noOpinion(reason: string): Authorization {
  return { decision: 'NoOpinion', reason }
}

async function related(node: string, name: string, has: () => Promise<boolean>): Promise<Authorization> {
  if (!name) return noOpinion('No Object name found')
  return (await has()) ? ALLOW : noOpinion(`no relationship found between node '${node}' and this object`)
}

function getRelated(
  asked: AuthorizationAttributes,
  node: string,
  has: () => Promise<boolean>,
): Authorization | Promise<Authorization> {
  if (asked.verb !== 'get') return noOpinion('can only get individual resources of this type')
  if (asked.subresource) return noOpinion('cannot get subresource')
  return related(node, asked.name, has)
}

function readReferenced(kind: ReferenceKind): Rule {
  return (node, asked, graph) => {
    if (!['get', 'list', 'watch'].includes(asked.verb)) return noOpinion('can only read resources of this type')
    if (asked.subresource) return noOpinion('cannot read subresource')
    if (!asked.namespace) return noOpinion('can only read namespaced object of this type')
    return related(node, asked.name, () => graph.hasReference(node, kind, asked.namespace, asked.name))
  }
}

function claims(
  node: string,
  asked: AuthorizationAttributes,
  graph: NodeGraph,
): Authorization | Promise<Authorization> {
  const has = (): Promise<boolean> => graph.hasReference(node, 'persistentvolumeclaims', asked.namespace, asked.name)
  if (asked.subresource !== 'status') return getRelated(asked, node, has)
  if (!['update', 'patch'].includes(asked.verb)) return noOpinion('can only get/update/patch this type')
  return related(node, asked.name, has)
}

/** Reads the accounts of its pods, for credential providers, and asks for their tokens. */
function accounts(
  node: string,
  asked: AuthorizationAttributes,
  graph: NodeGraph,
): Authorization | Promise<Authorization> {
  const { verb, name, subresource } = asked
  if (verb === 'get' && !subresource) return readReferenced('serviceaccounts')(node, asked, graph)
  if (verb !== 'create' || !name) return noOpinion('can only create tokens for individual service accounts')
  if (subresource !== 'token') return noOpinion('can only create token subresource of serviceaccount')
  return related(node, name, () => graph.hasReference(node, 'serviceaccounts', asked.namespace, name))
}

/** Writes are looked at by NodeRestriction, which sees the object. */
function ownNode(node: string, { verb, subresource, name }: AuthorizationAttributes): Authorization {
  if (subresource === 'status' && ['update', 'patch'].includes(verb)) return ALLOW
  if (subresource) return NO_OPINION
  if (['create', 'update', 'patch'].includes(verb)) return ALLOW
  if (!['get', 'list', 'watch'].includes(verb)) return NO_OPINION
  if (name === node) return ALLOW
  return noOpinion(`node '${node}' cannot read ${name ? `'${name}'` : 'all nodes'}, only its own Node object`)
}

function ownPods(
  node: string,
  asked: AuthorizationAttributes,
  graph: NodeGraph,
): Authorization | Promise<Authorization> {
  const { verb, subresource, name } = asked
  if (subresource === 'status' && ['update', 'patch'].includes(verb)) return ALLOW
  if (subresource === 'eviction' && verb === 'create') return ALLOW
  if (subresource) return NO_OPINION
  if (verb === 'create' || verb === 'delete') return ALLOW
  const isList = verb === 'list' || verb === 'watch'
  if (!isList && verb !== 'get') return NO_OPINION
  if (isList && selects(asked.fieldSelector, 'spec.nodeName', node)) return ALLOW
  if (isList && !name) return noOpinion('can only list/watch pods with spec.nodeName field selector')
  return related(node, name, () => graph.hasPod(node, asked.namespace, name))
}

function lease(node: string, { verb, namespace, name }: AuthorizationAttributes): Authorization {
  if (!OWN_OBJECT_VERBS.includes(verb)) return noOpinion('can only get, create, update, patch, or delete a node lease')
  if (namespace !== LEASE_NAMESPACE)
    return noOpinion(`can only access leases in the "${LEASE_NAMESPACE}" system namespace`)
  if (verb !== 'create' && name !== node)
    return noOpinion('can only access node lease with the same name as the requesting node')
  return ALLOW
}

function csiNode(node: string, { verb, name, subresource }: AuthorizationAttributes): Authorization {
  if (!OWN_OBJECT_VERBS.includes(verb)) return noOpinion('can only get, create, update, patch, or delete a CSINode')
  if (subresource) return noOpinion('cannot authorize CSINode subresources')
  if (verb !== 'create' && name !== node)
    return noOpinion('can only access CSINode with the same name as the requesting node')
  return ALLOW
}

function slices(
  node: string,
  { verb, name, subresource, fieldSelector }: AuthorizationAttributes,
  graph: NodeGraph,
): Authorization | Promise<Authorization> {
  if (subresource) return noOpinion('cannot authorize ResourceSlice subresources')
  if (verb === 'create') return ALLOW
  if (['get', 'update', 'patch', 'delete'].includes(verb)) return related(node, name, () => graph.hasSlice(node, name))
  if (!['list', 'watch', 'deletecollection'].includes(verb)) return noOpinion(SLICE_VERBS)
  if (selects(fieldSelector, 'spec.nodeName', node)) return ALLOW
  return noOpinion('can only list/watch/deletecollection resourceslices with nodeName field selector')
}

const SLICE_VERBS =
  'only the following verbs are allowed for a ResourceSlice: get, watch, list, create, update, patch, delete, deletecollection'

/** Whether the selector demands `field=value`. */
function selects(selector: string | undefined, field: string, value: string): boolean {
  if (!selector) return false
  try {
    return parseFieldSelector(selector).some(
      (one) => one.field === field && one.operator === '=' && one.value === value,
    )
  } catch (error) {
    // The request itself is refused for it, if it gets that far.
    if (error instanceof ParseError) return false
    throw error
  }
}
