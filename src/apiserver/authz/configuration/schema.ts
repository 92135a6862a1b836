import type { StructSchema } from '../../../apimachinery/schema.ts'
import type { ConfigKinds } from '../../config/decode.ts'
import { boolean, document, duration, list, string, struct } from '../../config/shape.ts'

/** The body of an AuthorizationConfiguration as it is written, the same in v1, v1beta1 and v1alpha1. Absent is empty. */
export interface WrittenConfiguration {
  readonly authorizers?: readonly WrittenAuthorizer[]
}

export interface WrittenAuthorizer {
  readonly type?: string
  readonly name?: string
  readonly webhook?: WrittenWebhook
}

/** Durations are Go's. */
export interface WrittenWebhook {
  readonly authorizedTTL?: string
  readonly cacheAuthorizedRequests?: boolean
  readonly unauthorizedTTL?: string
  readonly cacheUnauthorizedRequests?: boolean
  readonly timeout?: string
  readonly subjectAccessReviewVersion?: string
  readonly matchConditionSubjectAccessReviewVersion?: string
  readonly failurePolicy?: string
  readonly connectionInfo?: { readonly type?: string; readonly kubeConfigFile?: string }
  readonly matchConditions?: readonly { readonly expression?: string }[]
}

function shape(version: string): StructSchema {
  const webhook = struct(`${version}.WebhookConfiguration`, {
    authorizedTTL: duration,
    cacheAuthorizedRequests: boolean,
    unauthorizedTTL: duration,
    cacheUnauthorizedRequests: boolean,
    timeout: duration,
    subjectAccessReviewVersion: string,
    matchConditionSubjectAccessReviewVersion: string,
    failurePolicy: string,
    connectionInfo: struct(`${version}.WebhookConnectionInfo`, { type: string, kubeConfigFile: string }),
    matchConditions: list(struct(`${version}.WebhookMatchCondition`, { expression: string })),
  })
  const authorizer = struct(`${version}.AuthorizerConfiguration`, { type: string, name: string, webhook })
  return document(`${version}.AuthorizationConfiguration`, { authorizers: list(authorizer) })
}

/** Naming another kind of the group is told apart from naming none. */
function kinds(version: string): Record<string, StructSchema> {
  const others = ['AuthenticationConfiguration', ...(version === 'v1beta1' ? OF_V1BETA1 : [])]
  const anything = (kind: string): StructSchema => ({ ...document(`${version}.${kind}`, {}), preserveUnknown: true })
  return {
    AuthorizationConfiguration: shape(version),
    ...Object.fromEntries(others.map((kind) => [kind, anything(kind)])),
  }
}

const OF_V1BETA1 = ['EgressSelectorConfiguration', 'TracingConfiguration']

/** apiserver.config.k8s.io, as the loader of authorization configurations knows it. */
export const AUTHORIZATION_CONFIGURATION: ConfigKinds = {
  scheme: 'pkg/runtime/scheme.go:111',
  versions: Object.fromEntries(
    ['v1', 'v1beta1', 'v1alpha1'].map((version) => [`apiserver.config.k8s.io/${version}`, kinds(version)]),
  ),
}
