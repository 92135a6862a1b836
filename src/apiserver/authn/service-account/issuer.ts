import type { Env } from '../../../lib/env.ts'
import { uuid } from '../../../lib/random.ts'
import type { AccountClaims, ClaimRef } from './claims.ts'
import type { AccountTokenKeys } from './keys.ts'
import { accountUserName } from './names.ts'

/** Who signs the service account tokens of a cluster unless it is told otherwise, as upstream's kubeadm has it. */
export const clusterIssuer = (clusterDomain: string): string => `https://kubernetes.default.svc.${clusterDomain}`

/** Of a cluster whose domain is cluster.local. */
export const DEFAULT_ISSUER = clusterIssuer('cluster.local')

/** A token that a kubelet asks for on behalf of a container is asked for so long… */
const WARN_ONLY_SECONDS = 3607
/** …and lives so long, for clients that never read it again. */
export const EXTENDED_SECONDS = 365 * 24 * 3600

export interface IssuerOptions {
  readonly keys: AccountTokenKeys
  readonly env: Env
  readonly issuer: string
  /** Whom tokens are for when nobody is named: the API server. */
  readonly audiences: readonly string[]
  /** Tokens that are asked for for longer last so long. */
  readonly maxExpirationSeconds?: number | undefined
  /** Whether tokens of containers outlive what was asked for, for clients that never read them again; they do unless told. */
  readonly extendExpiration?: boolean | undefined
  /** How long they last then; a year unless told. */
  readonly maxExtendedSeconds?: number | undefined
}

/** What a token is to say. */
export interface TokenSubject {
  readonly namespace: string
  readonly account: ClaimRef
  readonly audiences: readonly string[]
  readonly expirationSeconds: number
  readonly pod?: ClaimRef | undefined
  readonly secret?: ClaimRef | undefined
  readonly node?: ClaimRef | undefined
}

/** Makes service account tokens. */
export class TokenIssuer {
  readonly #options: IssuerOptions

  constructor(options: IssuerOptions) {
    this.#options = options
  }

  get audiences(): readonly string[] {
    return this.#options.audiences
  }

  get maxExpirationSeconds(): number {
    return this.#options.maxExpirationSeconds ?? Infinity
  }

  /** A token, and its id. */
  async issue(subject: TokenSubject): Promise<{ readonly token: string; readonly id: string }> {
    const claims = this.#claims(subject)
    return { token: await this.#options.keys.sign(claims), id: claims.jti }
  }

  #claims({ namespace, account, audiences, expirationSeconds, pod, secret, node }: TokenSubject): AccountClaims {
    const {
      env,
      issuer,
      audiences: own,
      extendExpiration = true,
      maxExtendedSeconds = EXTENDED_SECONDS,
    } = this.#options
    const now = Math.floor(env.clock.now() / 1000)
    const isOwn = audiences.every((audience) => own.includes(audience))
    const extended = extendExpiration && pod !== undefined && expirationSeconds === WARN_ONLY_SECONDS && isOwn
    return {
      iss: issuer,
      sub: accountUserName(namespace, account.name ?? ''),
      aud: audiences,
      exp: now + (extended ? maxExtendedSeconds : expirationSeconds),
      iat: now,
      nbf: now,
      jti: uuid(env.random),
      'kubernetes.io': {
        namespace,
        ...(node && { node }),
        ...(pod && { pod }),
        ...(secret && { secret }),
        serviceaccount: account,
        ...(extended && { warnafter: now + expirationSeconds }),
      },
    }
  }
}
