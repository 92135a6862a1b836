/** The name and uid of an object that a token is bound to. */
export interface ClaimRef {
  readonly name?: string
  readonly uid?: string
}

/** What a service account token says (RFC 7519 and upstream's kubernetes.io claim). Times are seconds since the epoch. */
export interface AccountClaims {
  readonly iss: string
  readonly sub: string
  readonly aud: readonly string[]
  readonly exp: number
  readonly iat: number
  readonly nbf: number
  readonly jti: string
  readonly 'kubernetes.io': {
    readonly namespace: string
    readonly serviceaccount: ClaimRef
    readonly pod?: ClaimRef
    readonly secret?: ClaimRef
    readonly node?: ClaimRef
    /** From when on use of the token is noted: it was asked for a shorter life than it got. */
    readonly warnafter?: number
  }
}

/** The claims of tokens in Secrets of type kubernetes.io/service-account-token, which never expire. */
export interface LegacyClaims {
  readonly iss: 'kubernetes/serviceaccount'
  readonly sub: string
  readonly 'kubernetes.io/serviceaccount/namespace': string
  readonly 'kubernetes.io/serviceaccount/secret.name': string
  readonly 'kubernetes.io/serviceaccount/service-account.name': string
  readonly 'kubernetes.io/serviceaccount/service-account.uid': string
}

export const LEGACY_ISSUER = 'kubernetes/serviceaccount'
