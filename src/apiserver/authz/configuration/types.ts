/** Ways to authorize, as upstream calls them. */
export const MODES = ['AlwaysAllow', 'AlwaysDeny', 'ABAC', 'Webhook', 'RBAC', 'Node'] as const
export type Mode = (typeof MODES)[number]

/** A chain of authorizers, complete and valid: the first with an opinion decides. */
export interface AuthorizationConfiguration {
  readonly authorizers: readonly AuthorizerConfiguration[]
}

export type AuthorizerConfiguration =
  | { readonly type: Exclude<Mode, 'Webhook'>; readonly name: string }
  | { readonly type: 'Webhook'; readonly name: string; readonly webhook: WebhookConfiguration }

/** A service that decides by SubjectAccessReviews. */
export interface WebhookConfiguration {
  /** How long answers are remembered; 0 for not at all. */
  readonly authorizedTtlMs: number
  readonly unauthorizedTtlMs: number
  readonly timeoutMs: number
  readonly version: 'v1' | 'v1beta1'
  /** What is decided when the service does not. */
  readonly failurePolicy: 'NoOpinion' | 'Deny'
  /** Undefined for the cluster that the server itself runs in. */
  readonly kubeConfigFile: string | undefined
  /** In CEL; all must hold for the service to be asked. */
  readonly matchConditions: readonly string[]
}

/** What the server has when nobody says otherwise. */
export const DEFAULT_CONFIGURATION: AuthorizationConfiguration = {
  authorizers: [
    { type: 'Node', name: 'node' },
    { type: 'RBAC', name: 'rbac' },
  ],
}
