import type { Frozen } from '../../apimachinery/meta.ts'
import type { ConfigMap, EnvVar, Secret, Service } from '../../api/generated/types/core/v1.ts'
import type { Resources } from '../pod/resources.ts'
import type { Container, Pod } from '../pod/spec.ts'
import { expand } from './expansion.ts'
import { fieldValue, type PodAddresses } from './fields.ts'
import { resourceFieldValue } from './resource-field.ts'
import { serviceEnvironment } from './service-env.ts'

/** What a container's environment is made out of. */
export interface EnvironmentSources extends PodAddresses {
  /** The object, or undefined when there is none of that name in the pod's namespace. */
  configMap(name: string): Frozen<ConfigMap> | undefined
  secret(name: string): Frozen<Secret> | undefined
  /** A key of a file of `KEY='value'` lines in one of the pod's volumes; undefined when the file or the key isn't there. */
  envFile(volume: string, path: string, key: string): string | undefined
  readonly services: readonly Frozen<Service>[]
  readonly allocatable: Resources
}

/** The environment, and the keys of `envFrom` objects that cannot name a variable, by `configMap ns/name` or `secret ns/name`. */
export interface Environment {
  readonly variables: ReadonlyMap<string, string>
  readonly skipped: ReadonlyMap<string, readonly string[]>
}

/**
 * A container's environment: `envFrom`, overridden by `env` (which may use what stands before it, and the Services'), then the
 * Services' variables where nothing else has the name (upstream's makeEnvironmentVariables). Throws, in upstream's words, when
 * something that it refers to is missing and not optional.
 */
export function environment(pod: Pod, container: Container, sources: EnvironmentSources): Environment {
  const services = serviceEnvironment(
    sources.services,
    pod.metadata.namespace ?? '',
    pod.spec.enableServiceLinks ?? true,
  )
  const own = new Map<string, string>()
  const skipped = addEnvFrom(own, pod, container, sources)
  const lookup = (name: string): string | undefined => own.get(name) ?? services.get(name)
  for (const variable of container.env ?? []) {
    const value = valueOf(variable, pod, container, sources, lookup)
    if (value !== undefined) own.set(variable.name, value)
  }
  for (const [name, value] of services) if (!own.has(name)) own.set(name, value)
  return { variables: own, skipped }
}

function addEnvFrom(
  own: Map<string, string>,
  pod: Pod,
  container: Container,
  sources: EnvironmentSources,
): Map<string, readonly string[]> {
  const skipped = new Map<string, readonly string[]>()
  const { namespace = '' } = pod.metadata
  for (const { prefix = '', configMapRef, secretRef } of container.envFrom ?? []) {
    const ref = configMapRef ?? secretRef
    if (!ref) continue
    const { name = '', optional } = ref
    const kind = configMapRef ? 'configMap' : 'secret'
    const found = configMapRef ? sources.configMap(name) : sources.secret(name)
    if (!found && optional !== true) throw new Error(`${kind.toLowerCase()} "${name}" not found`)
    const bad: string[] = []
    for (const [key, value] of Object.entries(found?.data ?? {})) {
      if (validName(prefix + key)) own.set(prefix + key, configMapRef ? value : decodeSecret(value))
      else bad.push(key)
    }
    if (bad.length > 0) skipped.set(`${kind} ${namespace}/${name}`, bad.sort())
  }
  return skipped
}

/** Any printable ASCII without `=` (names were relaxed in 1.34). */
const validName = (name: string): boolean => /^[\x20-\x3c\x3e-\x7e]+$/.test(name)

function valueOf(
  { value, valueFrom }: Frozen<EnvVar>,
  pod: Pod,
  container: Container,
  sources: EnvironmentSources,
  lookup: (name: string) => string | undefined,
): string | undefined {
  if (value) return expand(value, lookup)
  if (!valueFrom) return ''
  const { fieldRef, resourceFieldRef, configMapKeyRef, secretKeyRef, fileKeyRef } = valueFrom
  if (fieldRef) return fieldValue(pod, fieldRef.fieldPath, sources)
  if (resourceFieldRef) return resourceFieldValue(pod, resourceFieldRef, container, sources.allocatable)
  if (configMapKeyRef) return keyOf('ConfigMap', configMapKeyRef, sources.configMap(configMapKeyRef.name ?? ''), pod)
  if (secretKeyRef) {
    const encoded = keyOf('Secret', secretKeyRef, sources.secret(secretKeyRef.name ?? ''), pod)
    return encoded === undefined ? undefined : decodeSecret(encoded)
  }
  if (!fileKeyRef) return ''
  const fromFile = sources.envFile(fileKeyRef.volumeName, fileKeyRef.path, fileKeyRef.key)
  if (fromFile === undefined && fileKeyRef.optional !== true)
    throw new Error(`environment variable key "${fileKeyRef.key}" not found in file "${fileKeyRef.path}"`)
  return fromFile
}

function keyOf(
  kind: 'ConfigMap' | 'Secret',
  ref: { readonly name?: string; readonly key: string; readonly optional?: boolean },
  found: Frozen<ConfigMap | Secret> | undefined,
  pod: Pod,
): string | undefined {
  const { name = '', key, optional } = ref
  const value = found?.data?.[key]
  if (value !== undefined || optional === true) return value
  if (!found) throw new Error(`${kind.toLowerCase()} "${name}" not found`)
  throw new Error(`couldn't find key ${key} in ${kind} ${pod.metadata.namespace}/${name}`)
}

/** A Secret's value as text. Bytes that are no UTF-8 cannot be kept in a variable of a JSON API; they become U+FFFD. */
function decodeSecret(encoded: string): string {
  return new TextDecoder().decode(Uint8Array.from(atob(encoded), (char) => char.charCodeAt(0)))
}
