import { type CelType, opaqueType, structType } from '../check/types.ts'

/** The types of Kubernetes' libraries. Those that upstream declares as objects are structs, without fields. */
export const IP_TYPE: CelType = opaqueType('net.IP')
export const CIDR_TYPE: CelType = opaqueType('net.CIDR')
export const URL_TYPE: CelType = structType('kubernetes.URL')
export const QUANTITY_TYPE: CelType = structType('kubernetes.Quantity')
export const SEMVER_TYPE: CelType = structType('kubernetes.Semver')
export const FORMAT_TYPE: CelType = structType('kubernetes.NamedFormat')
export const AUTHORIZER_TYPE: CelType = structType('kubernetes.authorization.Authorizer')
export const PATH_CHECK_TYPE: CelType = structType('kubernetes.authorization.PathCheck')
export const GROUP_CHECK_TYPE: CelType = structType('kubernetes.authorization.GroupCheck')
export const RESOURCE_CHECK_TYPE: CelType = structType('kubernetes.authorization.ResourceCheck')
export const DECISION_TYPE: CelType = structType('kubernetes.authorization.Decision')

/** How the equality of values of a library's type is estimated. */
export const NODE_TYPES: ReadonlyMap<string, 'fixed' | 'format' | 'url'> = new Map([
  ...[IP_TYPE, CIDR_TYPE, QUANTITY_TYPE, SEMVER_TYPE, AUTHORIZER_TYPE, PATH_CHECK_TYPE, GROUP_CHECK_TYPE].map(
    (type) => [type.name, 'fixed'] as const,
  ),
  ...[RESOURCE_CHECK_TYPE, DECISION_TYPE].map((type) => [type.name, 'fixed'] as const),
  [FORMAT_TYPE.name, 'format'] as const,
  [URL_TYPE.name, 'url'] as const,
])
