import { DecodeError } from '../../../apimachinery/codec/errors.ts'
import { decodeConfig, type ConfigKinds } from '../../config/decode.ts'
import { boolean, document, string, struct } from '../../config/shape.ts'

/** One line of a policy file: what a user or group may do. `*` is anything. */
export interface AbacPolicy {
  readonly user?: string
  readonly group?: string
  readonly readonly?: boolean
  readonly apiGroup?: string
  readonly resource?: string
  readonly namespace?: string
  readonly nonResourcePath?: string
}

const FIELDS = {
  user: string,
  group: string,
  readonly: boolean,
  apiGroup: string,
  resource: string,
  namespace: string,
  nonResourcePath: string,
}

const KINDS: ConfigKinds = {
  scheme: 'k8s.io/kubernetes/pkg/apis/abac/register.go:37',
  versions: {
    'abac.authorization.kubernetes.io/v1beta1': {
      Policy: document('v1beta1.Policy', { spec: struct('v1beta1.PolicySpec', FIELDS) }),
    },
  },
}

/** Reads a policy file: JSON, one policy to the line; empty lines and those that begin with # are skipped. Throws an Error that names the line. */
export function parsePolicies(text: string, path: string): readonly AbacPolicy[] {
  return text.split('\n').flatMap((line, index) => {
    const trimmed = line.trim()
    if (trimmed === '' || trimmed.startsWith('#')) return []
    try {
      return [policyOf(trimmed)]
    } catch (error) {
      const why = error instanceof Error ? error.message : String(error)
      throw new Error(`error reading policy file ${path}, line ${index + 1}: ${line}: ${why}`, { cause: error })
    }
  })
}

function policyOf(line: string): AbacPolicy {
  const value = JSON.parse(line) as Record<string, unknown> | null
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw new DecodeError('no policy')
  if (value['kind'] === undefined || value['apiVersion'] === undefined) return oldPolicy(value as AbacPolicy)
  const { object } = decodeConfig(new TextEncoder().encode(line), KINDS)
  return (object as { spec?: AbacPolicy }).spec ?? {}
}

/** Of the time before policies had versions: what was left out was anything. */
function oldPolicy({ user = '', group = '', readonly = false, resource = '', namespace = '' }: AbacPolicy): AbacPolicy {
  const anyone = (user === '' && group === '') || user === '*' || group === '*'
  return {
    ...(anyone ? { group: 'system:authenticated' } : { user, group }),
    readonly,
    apiGroup: '*',
    resource: resource || '*',
    namespace: namespace || '*',
    ...(namespace === '' && resource === '' && { nonResourcePath: '*' }),
  }
}
