import { parseDuration } from '../../../apimachinery/duration/duration.ts'
import { invalid, required, type FieldError } from '../../../apimachinery/status.ts'
import { goQuote } from '../../../lib/quote.ts'
import { decodeBase64 } from '../../../lib/base64.ts'
import { parseResource } from '../../../store/encryption/resources.ts'
import type {
  EncryptionConfiguration,
  Key,
  KmsConfiguration,
  ProviderConfiguration,
  ResourceConfiguration,
} from './types.ts'

const AES_KEY_BYTES = [16, 24, 32]
const SECRETBOX_KEY_BYTES = [32]

/** What is wrong with a configuration. `reload`: its file is watched, which wants names of key services to be unique. */
export function* validateEncryption(config: EncryptionConfiguration, reload: boolean): Iterable<FieldError> {
  const resources = config.resources ?? []
  if (resources.length === 0) return yield required('resources', 'at least one resources is required')
  const kmsNames = new Set<string>()
  for (const [index, entry] of resources.entries()) {
    yield* validateEntry(entry, `resources[${index}]`, { kmsNames, reload })
  }
}

interface Known {
  readonly kmsNames: Set<string>
  readonly reload: boolean
}

function* validateEntry(
  { resources = [], providers = [] }: ResourceConfiguration,
  path: string,
  known: Known,
): Iterable<FieldError> {
  const names = `${path}.resources`
  if (resources.length === 0) yield required(names, `at least one ${names} is required`)
  yield* validateOverlap(resources, names)
  for (const [index, name] of resources.entries()) {
    const problem = problemOfName(name)
    if (problem) yield invalid(`${names}[${index}]`, name, problem)
  }
  const all = `${path}.providers`
  if (providers.length === 0) yield required(all, `at least one ${all} is required`)
  for (const [index, provider] of providers.entries()) yield* validateProvider(provider, `${all}[${index}]`, known)
}

function* validateOverlap(resources: readonly string[], path: string): Iterable<FieldError> {
  if (new Set(resources).size < resources.length)
    yield invalid(path, resources, 'the same resource cannot be specified multiple times')
  if (overlaps(resources)) {
    const text =
      "using overlapping resources such as 'secrets' and '*.' in the same resource list is not allowed as they will be masked"
    yield invalid(path, resources, text)
  }
}

/** Whether a wildcard stands beside another name that it stands for. */
function overlaps(names: readonly string[]): boolean {
  let repeated = false
  for (const [i, one] of names.map(parseResource).entries()) {
    for (const [j, other] of names.map(parseResource).entries()) {
      if (i === j) continue
      const same = one.group === other.group && one.resource === other.resource
      // The first repetition is told as one.
      if (same && !repeated) repeated = true
      else if (one.group === '*' && one.resource === '*') return true
      else if (one.group === other.group && (one.resource === '*' || other.resource === '*')) return true
    }
  }
  return false
}

const WITHOUT_API: ReadonlySet<string> = new Set([
  'apiserveripinfo',
  'serviceipallocations',
  'servicenodeportallocations',
])

function problemOfName(name: string): string | undefined {
  if (name.toLowerCase() !== name) return 'resource name should not contain capital letters'
  if (name === '*') return "use '*.' to encrypt all the resources from core API group or *.* to encrypt all resources"
  if (WITHOUT_API.has(name)) return 'resources which do not have REST API/s cannot be encrypted'
  const { group, resource } = parseResource(name)
  if (group === 'events.k8s.io')
    return "'*.events.k8s.io' objects are stored using the 'events' API group in etcd. Use 'events' instead in the config file"
  if (group === 'extensions') return "'extensions' group has been removed and cannot be used for encryption"
  if (group === '*' && resource !== '*') return 'encrypting the same resource across groups is not supported'
  return undefined
}

function* validateProvider(provider: ProviderConfiguration, path: string, known: Known): Iterable<FieldError> {
  const { aesgcm, aescbc, secretbox, kms } = provider
  const kinds = Object.values(provider).filter((one) => one !== undefined && one !== null)
  if (kinds.length === 0) {
    const text = 'provider does not contain any of the expected providers: KMS, AESGCM, AESCBC, Secretbox, Identity'
    yield invalid(path, shownProvider(provider), text)
  } else if (kinds.length > 1) {
    const text = 'more than one provider specified in a single element, should split into different list elements'
    yield invalid(path, shownProvider(provider), text)
  }
  if (kms) {
    yield* validateKms(kms, `${path}.kms`, known)
    known.kmsNames.add(kms.name ?? '')
  } else if (aesgcm) yield* validateKeys(aesgcm.keys, `${path}.aesgcm.keys`, AES_KEY_BYTES)
  else if (aescbc) yield* validateKeys(aescbc.keys, `${path}.aescbc.keys`, AES_KEY_BYTES)
  else if (secretbox) yield* validateKeys(secretbox.keys, `${path}.secretbox.keys`, SECRETBOX_KEY_BYTES)
}

/** As upstream's error shows a provider, but with no key in it. */
function shownProvider({ aesgcm, aescbc, secretbox, identity, kms }: ProviderConfiguration): object {
  const keysOf = (one: { readonly keys?: readonly Key[] } | undefined | null): object | null =>
    one ? { Keys: (one.keys ?? []).map(({ name = '' }) => ({ Name: name, Secret: 'REDACTED' })) } : null
  return {
    AESGCM: keysOf(aesgcm),
    AESCBC: keysOf(aescbc),
    Secretbox: keysOf(secretbox),
    Identity: identity ?? null,
    KMS: kms
      ? {
          APIVersion: kms.apiVersion,
          Name: kms.name ?? '',
          CacheSize: kms.cachesize ?? null,
          Endpoint: kms.endpoint ?? '',
          Timeout: kms.timeout,
        }
      : null,
  }
}

function* validateKeys(
  keys: readonly Key[] | undefined,
  path: string,
  lengths: readonly number[],
): Iterable<FieldError> {
  if (!keys || keys.length === 0) return yield required(path, 'at least one keys is required')
  for (const [index, key] of keys.entries()) yield* validateKey(key, `${path}[${index}]`, lengths)
}

function* validateKey({ name, secret }: Key, path: string, lengths: readonly number[]): Iterable<FieldError> {
  if (!name) yield required(`${path}.name`, 'name is a mandatory field for a key')
  if (!secret) return yield required(`${path}.secret`, 'secret is a mandatory field for a key')
  const bytes = decodeBase64(secret)
  if (typeof bytes === 'number') return yield invalid(`${path}.secret`, 'REDACTED', 'secrets must be base64 encoded')
  if (lengths.includes(bytes.length)) return
  const text = `secret is not of the expected length, got ${bytes.length}, expected one of [${lengths.join(' ')}]`
  yield invalid(`${path}.secret`, 'REDACTED', text)
}

function* validateKms(kms: KmsConfiguration, path: string, { kmsNames, reload }: Known): Iterable<FieldError> {
  const { name = '', apiVersion, cachesize, timeout } = kms
  if (name === '') yield required(`${path}.name`, 'name is a mandatory field for a provider')
  if (apiVersion !== 'v1' && name.includes(':'))
    yield invalid(`${path}.name`, name, `invalid KMS provider name ${name}, must not contain ':'`)
  if ((reload || apiVersion !== 'v1') && kmsNames.has(name))
    yield invalid(`${path}.name`, name, `duplicate KMS provider name ${name}, names must be unique`)
  if (parseDuration(timeout) <= 0) yield invalid(`${path}.timeout`, timeout, 'timeout should be a positive value')
  yield* validateEndpoint(kms.endpoint ?? '', `${path}.endpoint`)
  if (apiVersion !== 'v1' && cachesize !== undefined)
    yield invalid(`${path}.cachesize`, cachesize, 'cachesize is not supported in v2')
  if (apiVersion === 'v1' && cachesize === 0)
    yield invalid(`${path}.cachesize`, 0, 'cachesize should be a positive value, or negative to disable')
  if (apiVersion !== 'v1' && apiVersion !== 'v2') {
    const text = 'unsupported apiVersion apiVersion for KMS provider, only v1 and v2 are supported'
    yield invalid(`${path}.apiVersion`, apiVersion, text)
  }
}

function* validateEndpoint(endpoint: string, path: string): Iterable<FieldError> {
  if (endpoint === '') return yield invalid(path, '', 'endpoint is a mandatory field for a kms')
  const problem = urlProblem(endpoint)
  if (problem !== undefined) {
    const text = `invalid endpoint for kms provider, error: parse ${goQuote(endpoint)}: ${problem}`
    return yield invalid(path, endpoint, text)
  }
  const scheme = /^([A-Za-z][A-Za-z0-9+.-]*):/.exec(endpoint)?.[1]?.toLowerCase() ?? ''
  if (scheme !== 'unix')
    yield invalid(path, endpoint, `unsupported scheme ${goQuote(scheme)} for KMS provider, only unix is supported`)
}

/** What Go's net/url says of what is no URL at all. */
function urlProblem(text: string): string | undefined {
  // eslint-disable-next-line no-control-regex -- control characters are what is refused
  if (/[\x00-\x1f\x7f]/.test(text)) return 'net/url: invalid control character in URL'
  const escape = /%(?![0-9A-Fa-f]{2}).{0,2}/.exec(text)?.[0]
  if (escape !== undefined) return `invalid URL escape ${goQuote(escape)}`
  if (text.startsWith(':')) return 'missing protocol scheme'
  return undefined
}
