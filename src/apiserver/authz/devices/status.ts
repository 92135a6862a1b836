import type {
  AllocatedDeviceStatus,
  AllocationResult,
  ResourceClaimStatus,
} from '../../../api/generated/types/resource/v1.ts'
import { semanticEqual } from '../../../apimachinery/equality.ts'
import type { Frozen } from '../../../apimachinery/meta.ts'
import { type FieldError, fieldForbidden } from '../../../apimachinery/status.ts'
import { isDns1123Subdomain } from '../../../apimachinery/validation/names.ts'
import { splitAccountUserName } from '../../authn/service-account/names.ts'
import type { UserInfo } from '../../authn/types.ts'
import type { HookContext } from '../../registry/served.ts'
import { authorizationAttributes } from '../attributes.ts'
import { refused } from '../refused.ts'
import type { AuthorizationAttributes } from '../types.ts'

type Status = Frozen<ResourceClaimStatus>

const NODE_NAME = 'authentication.kubernetes.io/node-name'

/** Whether the sender may allocate and reserve, for the whole cluster (AuthorizedForBinding). */
export async function mayAllocate(now: Status, old: Status, context: HookContext): Promise<readonly FieldError[]> {
  if (semanticEqual(now.allocation, old.allocation) && semanticEqual(now.reservedFor ?? [], old.reservedFor ?? []))
    return []
  const { verb } = context.call.info
  const problem = await refusal(context, { verb, subresource: 'binding', namespace: '', name: '' })
  if (problem === undefined) return []
  const demand = `changing status.allocation or status.reservedFor requires resource="resourceclaims/binding", verb="${verb}" permission`
  return [fieldForbidden('status.allocation', `${demand}: ${problem}`)]
}

/** Whether the sender may report on the devices of each driver whose entries change (AuthorizedForDeviceStatus). */
export async function mayReport(now: Status, old: Status, context: HookContext): Promise<readonly FieldError[]> {
  // With the allocation all reports go.
  if (!now.allocation) return []
  const { user, info } = context.call
  const anywhere = `arbitrary-node:${info.verb}`
  const verbs = isOn(user, nodeOf(now.allocation)) ? [`associated-node:${info.verb}`, anywhere] : [anywhere]
  const found: FieldError[] = []
  for (const driver of changedDrivers(now, old)) {
    const problem = await driverRefusal(context, verbs, driver)
    if (problem === undefined) continue
    const demand = `changing status.devices requires resource="resourceclaims/driver", verb="[${verbs.join(' ')}]" permission`
    found.push(fieldForbidden('status.devices', `${demand}: ${problem}`))
  }
  return found
}

/** Any of the verbs will do; told is why the first does not. */
async function driverRefusal(
  context: HookContext,
  verbs: readonly string[],
  name: string,
): Promise<string | undefined> {
  let first: string | undefined
  for (const verb of verbs) {
    const { namespace } = context.call.info
    const problem = await refusal(context, { verb, subresource: 'driver', namespace, name })
    if (problem === undefined) return undefined
    first ??= problem
  }
  return first
}

type Asked = Pick<AuthorizationAttributes, 'verb' | 'subresource' | 'namespace' | 'name'>

async function refusal({ registry, call }: HookContext, asked: Asked): Promise<string | undefined> {
  const attributes = { ...authorizationAttributes(call), ...asked }
  const { decision, reason = '' } = await registry.authorizer.authorize(attributes)
  return decision === 'Allow' ? undefined : refused(attributes, reason).message
}

const idOf = ({ driver, pool, device, shareID = '' }: Frozen<AllocatedDeviceStatus>): string =>
  JSON.stringify([driver, pool, device, shareID])

/** Drivers of entries that are new, changed or gone. */
function changedDrivers(now: Status, old: Status): string[] {
  const before = new Map((old.devices ?? []).map((device) => [idOf(device), device]))
  const changed = new Set<string>()
  for (const device of now.devices ?? []) {
    if (!semanticEqual(before.get(idOf(device)), device)) changed.add(device.driver)
    before.delete(idOf(device))
  }
  for (const { driver } of before.values()) changed.add(driver)
  return [...changed].sort()
}

/** The one node that the allocation is for; empty when it is for several. */
function nodeOf({ nodeSelector }: Frozen<AllocationResult>): string {
  const [term, ...others] = nodeSelector?.nodeSelectorTerms ?? []
  const [field, ...more] = term?.matchFields ?? []
  if (others.length > 0 || more.length > 0 || (term?.matchExpressions ?? []).length > 0) return ''
  const [name = '', ...names] = field?.values ?? []
  return field?.key === 'metadata.name' && field.operator === 'In' && names.length === 0 ? name : ''
}

/** Whether the user is a service account of a pod on the node. */
function isOn({ name, extra }: UserInfo, node: string): boolean {
  if (!node || splitAccountUserName(name) === undefined) return false
  const places = extra?.[NODE_NAME] ?? []
  return places.length === 1 && places[0] === node && isDns1123Subdomain(node).length === 0
}
