import type { Frozen } from '../../../apimachinery/meta.ts'
import { type FieldError, invalid, required, tooLong } from '../../../apimachinery/status.ts'
import { isConfigMapKey } from '../../../apimachinery/validation/names.ts'
import { IMMUTABLE, problems } from '../../checks.ts'
import { base64Length, decodeBase64, encodeBase64 } from './base64.ts'
import { MAX_DATA_BYTES, validateUnchanged } from './configmap.ts'
import { ageColumn, nameColumn, text } from '../../columns.ts'
import { defineResource } from '../../define.ts'
import type { Secret } from '../../generated/types/core/v1.ts'
import { tlsPairProblem } from './tls-pair.ts'

/** Everything the system knows about Secret. */
export const secrets = defineResource<Secret>({
  group: '',
  version: 'v1',
  kind: 'Secret',
  plural: 'secrets',
  scope: 'Namespaced',
  storagePrefix: '/registry/secrets',
  schema: 'io.k8s.api.core.v1.Secret',
  defaults(secret) {
    secret.type ||= 'Opaque'
    if (!secret.stringData) return
    for (const [key, value] of Object.entries(secret.stringData)) (secret.data ??= {})[key] = encodeBase64(value)
    delete secret.stringData
  },
  validateCreate: validateSecret,
  *validateUpdate(secret, old) {
    if (secret.type !== old.type) yield invalid('type', secret.type ?? '', IMMUTABLE)
    if (old.immutable) yield* validateUnchanged(secret, old, ['data'])
    yield* validateSecret(secret)
  },
  *warnings({ type, data = {} }) {
    if (type !== 'kubernetes.io/tls') return
    const text = (key: string): string => decodeBase64(data[key] ?? '') ?? ''
    const problem = tlsPairProblem(text('tls.crt'), text('tls.key'))
    if (problem) yield problem
  },
  selectableFields: { type: ({ type }) => type ?? '' },
  columns: [
    nameColumn,
    text('Type', ({ type }) => type ?? ''),
    text('Data', ({ data }) => Object.keys(data ?? {}).length),
    ageColumn,
  ],
})

function* validateSecret(secret: Frozen<Secret>): Iterable<FieldError> {
  const { metadata, data = {}, type } = secret
  let total = 0
  for (const [key, value] of Object.entries(data)) {
    yield* problems(`data[${key}]`, key, isConfigMapKey(key))
    total += base64Length(value)
  }
  if (total > MAX_DATA_BYTES) yield tooLong('data', MAX_DATA_BYTES)
  switch (type) {
    case 'kubernetes.io/service-account-token': {
      const key = 'kubernetes.io/service-account.name'
      if (!metadata.annotations?.[key]) yield required(`metadata.annotations[${key}]`)
      break
    }
    case 'kubernetes.io/dockercfg':
      yield* validateDockerConfig(data, '.dockercfg')
      break
    case 'kubernetes.io/dockerconfigjson':
      yield* validateDockerConfig(data, '.dockerconfigjson')
      break
    case 'kubernetes.io/basic-auth':
      if (data['username'] === undefined && data['password'] === undefined) {
        yield required('data[username]')
        yield required('data[password]')
      }
      break
    case 'kubernetes.io/ssh-auth':
      if (!data['ssh-privatekey']) yield required('data[ssh-privatekey]')
      break
    case 'kubernetes.io/tls':
      for (const key of ['tls.crt', 'tls.key']) if (data[key] === undefined) yield required(`data[${key}]`)
      break
    default:
  }
}

function* validateDockerConfig(data: Readonly<Record<string, string>>, key: string): Iterable<FieldError> {
  const value = data[key]
  if (value === undefined) return yield required(`data[${key}]`)
  const problem = jsonProblem(decodeBase64(value) ?? '')
  if (problem) yield invalid(`data[${key}]`, '<secret contents redacted>', problem)
}

/** What Go says of a text that is not a JSON object. */
function jsonProblem(text: string): string | undefined {
  if (text.trim() === '') return 'unexpected end of JSON input'
  try {
    const value: unknown = JSON.parse(text)
    if (value === null || (typeof value === 'object' && !Array.isArray(value))) return undefined
    const type = Array.isArray(value) ? 'array' : typeof value === 'boolean' ? 'bool' : typeof value
    return `json: cannot unmarshal ${type} into Go value of type map[string]interface {}`
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error
    const first = text.trimStart()[0] ?? ''
    return `invalid character '${first}' looking for beginning of value`
  }
}
