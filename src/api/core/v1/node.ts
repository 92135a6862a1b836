import type { Frozen } from '../../../apimachinery/meta.ts'
import { warnAboutCidr } from '../../../apimachinery/validation/ip.ts'
import { ageColumn, nameColumn, text, wide } from '../../columns.ts'
import { defineResource } from '../../define.ts'
import type { Node } from '../../generated/types/core/v1.ts'
import { validateNode, validateNodeStatus, validateNodeUpdate } from './node-validate.ts'
import { conditionOf } from './pod-conditions.ts'
import { roundUpQuantities } from './resource-list.ts'

/** Everything the system knows about Node. */
export const nodes = defineResource<Node>({
  group: '',
  version: 'v1',
  kind: 'Node',
  plural: 'nodes',
  shortNames: ['no'],
  scope: 'Cluster',
  storagePrefix: '/registry/minions',
  schema: 'io.k8s.api.core.v1.Node',
  status: true,
  statusOnCreate: true,
  subresources: [{ name: 'proxy', verbs: ['create', 'delete', 'get', 'patch', 'update'], kind: 'NodeProxyOptions' }],
  defaults(node) {
    keepPodCidrs((node.spec ??= {}))
    const { status } = node
    if (!status) return
    roundUpQuantities(status.capacity)
    if (status.capacity) status.allocatable ??= { ...status.capacity }
    roundUpQuantities(status.allocatable)
  },
  prepareForCreate({ spec, status }) {
    if (spec) delete spec.configSource
    if (status) delete status.config
  },
  prepareForUpdate({ spec, status }, old) {
    if (spec && !old.spec?.configSource) delete spec.configSource
    if (status && !old.status?.config) delete status.config
  },
  validate: validateNode,
  validateUpdate: validateNodeUpdate,
  validateStatusUpdate: validateNodeStatus,
  *warnings({ spec }) {
    if (spec?.configSource) yield 'spec.configSource: the feature is removed'
    if (spec?.externalID) yield 'spec.externalID: this field is deprecated, and is unused by Kubernetes'
    for (const [index, cidr] of (spec?.podCIDRs ?? []).entries()) yield* warnAboutCidr(`spec.podCIDRs[${index}]`, cidr)
  },
  selectableFields: { 'spec.unschedulable': ({ spec }) => String(spec?.unschedulable ?? false) },
  columns: [
    nameColumn,
    text('Status', statusCell),
    text('Roles', (node) => nodeRoles(node).join(',') || '<none>'),
    ageColumn,
    text('Version', ({ status }) => status?.nodeInfo?.kubeletVersion ?? ''),
    wide(text('Internal-IP', (node) => addressCell(node, 'InternalIP'))),
    wide(text('External-IP', (node) => addressCell(node, 'ExternalIP'))),
    wide(text('OS-Image', ({ status }) => status?.nodeInfo?.osImage || '<unknown>')),
    wide(text('Kernel-Version', kernelCell)),
    wide(text('Container-Runtime', ({ status }) => status?.nodeInfo?.containerRuntimeVersion || '<unknown>')),
  ],
})

const ROLE_PREFIX = 'node-role.kubernetes.io/'

/** A node's roles by its labels, sorted. */
export function nodeRoles({ metadata }: Frozen<Node>): string[] {
  const roles = new Set<string>()
  for (const [key, value] of Object.entries(metadata.labels ?? {})) {
    if (key.startsWith(ROLE_PREFIX) && key.length > ROLE_PREFIX.length) roles.add(key.slice(ROLE_PREFIX.length))
    else if (key === 'kubernetes.io/role' && value) roles.add(value)
  }
  return [...roles].sort()
}

function statusCell({ spec, status }: Frozen<Node>): string {
  const ready = conditionOf(status?.conditions, 'Ready')
  const word = ready ? (ready.status === 'True' ? 'Ready' : 'NotReady') : 'Unknown'
  return spec?.unschedulable ? `${word},SchedulingDisabled` : word
}

function addressCell({ status }: Frozen<Node>, type: string): string {
  return status?.addresses?.find((address) => address.type === type)?.address ?? '<none>'
}

function kernelCell({ status }: Frozen<Node>): string {
  const { kernelVersion, architecture } = status?.nodeInfo ?? {}
  return `${kernelVersion || '<unknown>'}${architecture ? ` (${architecture})` : ''}`
}

/** `podCIDR` is the first of `podCIDRs`; where both are given and differ, the old field wins. */
function keepPodCidrs(spec: NonNullable<Node['spec']>): void {
  const { podCIDR, podCIDRs = [] } = spec
  if (podCIDR && podCIDRs[0] !== podCIDR) spec.podCIDRs = [podCIDR]
  else if (podCIDRs[0] !== undefined) spec.podCIDR = podCIDRs[0]
}
