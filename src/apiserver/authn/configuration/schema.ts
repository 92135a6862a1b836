import type { ScalarSchema, StructSchema } from '../../../apimachinery/schema.ts'
import type { ConfigKinds } from '../../config/decode.ts'
import { boolean, document, list, string, struct } from '../../config/shape.ts'

/** The body of an AuthenticationConfiguration, the same in v1, v1beta1 and v1alpha1. Absent is empty. */
export interface AuthenticationConfiguration {
  readonly jwt?: readonly JwtAuthenticatorConfig[]
  readonly anonymous?: AnonymousConfig
}

export interface AnonymousConfig {
  readonly enabled?: boolean
  /** The paths at which strangers are let in; everywhere when there are none. */
  readonly conditions?: readonly { readonly path?: string }[]
}

/** One issuer of tokens, and who its users are. */
export interface JwtAuthenticatorConfig {
  readonly issuer?: IssuerConfig
  readonly claimValidationRules?: readonly ClaimValidationRule[]
  readonly claimMappings?: ClaimMappings
  readonly userValidationRules?: readonly UserValidationRule[]
}

export interface IssuerConfig {
  readonly url?: string
  readonly discoveryURL?: string
  /** In PEM. */
  readonly certificateAuthority?: string
  readonly audiences?: readonly string[]
  readonly audienceMatchPolicy?: string
  readonly egressSelectorType?: string
}

export interface ClaimValidationRule {
  readonly claim?: string
  readonly requiredValue?: string
  readonly expression?: string
  readonly message?: string
}

export interface ClaimMappings {
  readonly username?: PrefixedClaim
  readonly groups?: PrefixedClaim
  readonly uid?: ClaimOrExpression
  readonly extra?: readonly ExtraMapping[]
}

export interface ClaimOrExpression {
  readonly claim?: string
  readonly expression?: string
}

export interface PrefixedClaim extends ClaimOrExpression {
  readonly prefix?: string
}

export interface ExtraMapping {
  readonly key?: string
  readonly valueExpression?: string
}

export interface UserValidationRule {
  readonly expression?: string
  readonly message?: string
}

/** The kind of file that --authentication-config names. */
export const AUTHENTICATION_CONFIGURATION: ConfigKinds = {
  scheme: 'pkg/runtime/scheme.go:111',
  versions: Object.fromEntries(
    ['v1alpha1', 'v1beta1', 'v1'].map((version) => [
      `apiserver.config.k8s.io/${version}`,
      { AuthenticationConfiguration: shape(version), ...otherKinds(version) },
    ]),
  ),
}

/** The group's other kinds: naming one of them is told apart from naming none. */
function otherKinds(version: string): Record<string, StructSchema> {
  const kinds = [
    ...(version === 'v1beta1' ? ['EgressSelectorConfiguration', 'TracingConfiguration'] : []),
    'AuthorizationConfiguration',
  ]
  return Object.fromEntries(
    kinds.map((kind) => [kind, { ...document(`${version}.${kind}`, {}), preserveUnknown: true }]),
  )
}

function shape(v: string): StructSchema {
  const text = (goType: string): ScalarSchema => ({ kind: 'string', goType: `${v}.${goType}` })
  const claimOrExpression = { claim: string, expression: string }
  const prefixed = struct(`${v}.PrefixedClaimOrExpression`, { ...claimOrExpression, prefix: string })
  const issuer = struct(`${v}.Issuer`, {
    url: string,
    discoveryURL: string,
    certificateAuthority: string,
    audiences: list(string),
    audienceMatchPolicy: text('AudienceMatchPolicyType'),
    egressSelectorType: text('EgressSelectorType'),
  })
  const rule = struct(`${v}.ClaimValidationRule`, {
    claim: string,
    requiredValue: string,
    expression: string,
    message: string,
  })
  const mappings = struct(`${v}.ClaimMappings`, {
    username: prefixed,
    groups: prefixed,
    uid: struct(`${v}.ClaimOrExpression`, claimOrExpression),
    extra: list(struct(`${v}.ExtraMapping`, { key: string, valueExpression: string })),
  })
  const authenticator = struct(`${v}.JWTAuthenticator`, {
    issuer,
    claimValidationRules: list(rule),
    claimMappings: mappings,
    userValidationRules: list(struct(`${v}.UserValidationRule`, { expression: string, message: string })),
  })
  const anonymous = struct(`${v}.AnonymousAuthConfig`, {
    enabled: boolean,
    conditions: list(struct(`${v}.AnonymousAuthCondition`, { path: string })),
  })
  return document(`${v}.AuthenticationConfiguration`, { jwt: list(authenticator), anonymous })
}
