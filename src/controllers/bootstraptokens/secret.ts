import type { Secret } from '../../api/generated/types/core/v1.ts'
import type { Frozen } from '../../apimachinery/meta.ts'
import { decodeBase64 } from '../../lib/base64.ts'

const TYPE = 'bootstrap.kubernetes.io/token'
const NAMESPACE = 'kube-system'
const NAME = /^bootstrap-token-([a-z0-9]{6})$/
const RFC3339 = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?(?:Z|[+-]\d\d:\d\d)$/

/** Whether a Secret holds a bootstrap token. Those of other namespaces are none. */
export function isBootstrapToken(secret: Frozen<Secret> | undefined): boolean {
  return secret?.type === TYPE && secret.metadata.namespace === NAMESPACE
}

/** How long a token lasts from `nowMs` (ms since the Unix epoch) on: for ever unless it says so; 0 when it is over, or when nobody can tell. */
export function lastsMs(secret: Frozen<Secret>, nowMs: number): number {
  const time = textOf(secret, 'expiration')
  if (time === '') return Infinity
  return RFC3339.test(time) ? Math.max(0, (Date.parse(time) || 0) - nowMs) : 0
}

/** A token that may sign what new nodes are told. */
export interface SigningToken {
  readonly id: string
  readonly secret: string
}

/** The token of a Secret, when it is whole, not over, and meant for signing (upstream's validateSecretForSigning). */
export function signingToken(secret: Frozen<Secret>, nowMs: number): SigningToken | undefined {
  const [id, key] = [textOf(secret, 'token-id'), textOf(secret, 'token-secret')]
  if (id === '' || key === '' || NAME.exec(secret.metadata.name ?? '')?.[1] !== id) return undefined
  if (lastsMs(secret, nowMs) === 0 || textOf(secret, 'usage-bootstrap-signing') !== 'true') return undefined
  return { id, secret: key }
}

function textOf(secret: Frozen<Secret>, key: string): string {
  const bytes = decodeBase64(secret.data?.[key] ?? '')
  return typeof bytes === 'number' ? '' : new TextDecoder().decode(bytes)
}
