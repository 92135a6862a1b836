import { namespaces } from '../../../api/core/v1/namespace.ts'
import type { ResourceClaim, ResourceClaimSpec } from '../../../api/generated/types/resource/v1.ts'
import type { Frozen, KubeObject } from '../../../apimachinery/meta.ts'
import { type FieldError, fieldForbidden } from '../../../apimachinery/status.ts'
import { readStored } from '../../mirror/read-stored.ts'
import type { HookContext } from '../../registry/served.ts'

const LABEL = 'resource.kubernetes.io/admin-access'

/** Whether a new claim may ask for devices that others use (AuthorizedForAdmin). */
export async function adminAccessAsked(
  spec: Frozen<ResourceClaimSpec> | undefined,
  { metadata }: Frozen<KubeObject>,
  context: HookContext,
): Promise<readonly FieldError[]> {
  const index = (spec?.devices?.requests ?? []).findIndex(({ exactly }) => exactly?.adminAccess === true)
  return index < 0 ? [] : labelled(metadata.namespace ?? '', `spec.devices.requests[${index}].adminAccess`, context)
}

/** Whether an allocation may give them (AuthorizedForAdminStatus). What was given once never changes. */
export async function adminAccessGranted(
  claim: Frozen<ResourceClaim>,
  old: Frozen<ResourceClaim>,
  context: HookContext,
): Promise<readonly FieldError[]> {
  if (granted(old) >= 0) return []
  const index = granted(claim)
  const path = `status.allocation.devices.results[${index}].adminAccess`
  return index < 0 ? [] : labelled(claim.metadata.namespace ?? '', path, context)
}

const granted = ({ status }: Frozen<ResourceClaim>): number =>
  (status?.allocation?.devices?.results ?? []).findIndex(({ adminAccess }) => adminAccess === true)

/** The namespace as it is stored now: a label that was taken away counts at once. */
async function labelled(name: string, path: string, { registry }: HookContext): Promise<readonly FieldError[]> {
  const namespace = await readStored(registry.store, namespaces, name)
  if (!namespace) {
    const why = `could not retrieve namespace to verify admin access: namespaces "${name}" not found`
    return [{ type: 'InternalError', field: path, message: `Internal error: ${why}` }]
  }
  if (namespace.metadata.labels?.[LABEL] === 'true') return []
  return [
    fieldForbidden(path, `admin access to devices requires the \`${LABEL}: true\` label on the containing namespace`),
  ]
}
