import type { Frozen } from '../../../apimachinery/meta.ts'
import { warnAboutCidr } from '../../../apimachinery/validation/ip.ts'
import { formatLabelSelector } from '../../../apimachinery/labels/label-selector.ts'
import { ageColumn, nameColumn, text } from '../../columns.ts'
import type { NetworkPolicy, NetworkPolicyPeer } from '../../generated/types/networking/v1.ts'
import { validateNetworkPolicy } from './policy-validate.ts'
import { defineResource } from '../../define.ts'

/** Everything the system knows about NetworkPolicy. */
export const networkPolicies = defineResource<NetworkPolicy>({
  group: 'networking.k8s.io',
  version: 'v1',
  kind: 'NetworkPolicy',
  plural: 'networkpolicies',
  shortNames: ['netpol'],
  scope: 'Namespaced',
  storagePrefix: '/registry/networkpolicies',
  schema: 'io.k8s.api.networking.v1.NetworkPolicy',
  hasGeneration: true,
  defaults: defaultNetworkPolicy,
  validateCreate: (policy) => validateNetworkPolicy(policy),
  validateUpdate: validateNetworkPolicy,
  *warnings({ spec }) {
    for (const [i, { from }] of (spec?.ingress ?? []).entries()) yield* peerWarnings(from, `spec.ingress[${i}].from`)
    for (const [i, { to }] of (spec?.egress ?? []).entries()) yield* peerWarnings(to, `spec.egress[${i}].to`)
  },
  columns: [nameColumn, text('Pod-Selector', ({ spec }) => formatLabelSelector(spec?.podSelector ?? {})), ageColumn],
})

function defaultNetworkPolicy(policy: NetworkPolicy): void {
  const spec = (policy.spec ??= {})
  spec.podSelector ??= {}
  for (const { ports } of [...(spec.ingress ?? []), ...(spec.egress ?? [])]) {
    for (const port of ports ?? []) port.protocol ??= 'TCP'
  }
  if ((spec.policyTypes ?? []).length > 0) return
  spec.policyTypes = (spec.egress ?? []).length > 0 ? ['Ingress', 'Egress'] : ['Ingress']
}

function* peerWarnings(peers: readonly Frozen<NetworkPolicyPeer>[] | undefined, path: string): Iterable<string> {
  for (const [index, { ipBlock }] of (peers ?? []).entries()) {
    if (!ipBlock) continue
    yield* warnAboutCidr(`${path}[${index}].ipBlock.cidr`, ipBlock.cidr)
    for (const [k, except] of (ipBlock.except ?? []).entries()) {
      yield* warnAboutCidr(`${path}[${index}].ipBlock.except[${k}]`, except)
    }
  }
}
