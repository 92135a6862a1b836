import { isJsonObject } from '../../lib/json-value.ts'
import { compareVersions } from '../discovery/groups.ts'
import { type RemoteApiService, rootOf } from './api-service.ts'
import { builtInPriority, CUSTOM_PRIORITY } from './priorities.ts'

type JsonObject = Readonly<Record<string, unknown>>

/** A group and version that an aggregated server answers for, as discovery shows it. */
export interface RemoteVersion {
  readonly service: RemoteApiService
  /** As apidiscovery.k8s.io/v2 lists them; those last seen when the server is away. */
  readonly resources: readonly unknown[]
  readonly fresh: boolean
}

interface Versioned {
  readonly version: string
}

/** Something that discovery lists by group: a name and its versions, in order of preference. */
export interface NamedGroup<V extends Versioned> {
  readonly name: string
  readonly versions: readonly V[]
}

/**
 * Puts remote versions among the local groups: a new group before the first one of lower priority, a version of a known group by
 * its own priority.
 */
export function mergeGroups<V extends Versioned>(
  local: readonly NamedGroup<V>[],
  remotes: readonly RemoteVersion[],
  show: (remote: RemoteVersion) => V,
): NamedGroup<V>[] {
  const groups = [...local]
  const byGroup = Map.groupBy(remotes, ({ service }) => service.group)
  const sorted = [...byGroup].sort(([a, x], [b, y]) => priorityOf(y) - priorityOf(x) || (a < b ? -1 : 1))
  for (const [name, own] of sorted) {
    const at = groups.findIndex((group) => group.name === name)
    const versions = mergeVersions(groups[at], name, own, show)
    if (at >= 0) groups[at] = { name, versions }
    else {
      const later = groups.findIndex((group) => localPriority(group.name) < priorityOf(own))
      groups.splice(later < 0 ? groups.length : later, 0, { name, versions })
    }
  }
  return groups
}

function mergeVersions<V extends Versioned>(
  local: NamedGroup<V> | undefined,
  group: string,
  own: readonly RemoteVersion[],
  show: (remote: RemoteVersion) => V,
): V[] {
  const isCustom = localPriority(group) === CUSTOM_PRIORITY.group
  const there = (local?.versions ?? [])
    .filter(({ version }) => !own.some(({ service }) => service.version === version))
    .map((shown) => {
      const priority = isCustom ? CUSTOM_PRIORITY : builtInPriority(group, shown.version)
      return { shown, version: shown.version, priority: priority.version }
    })
  const theirs = own.map((remote) => {
    const { version, versionPriority } = remote.service
    return { shown: show(remote), version, priority: versionPriority }
  })
  const all = [...there, ...theirs]
  all.sort((a, b) => b.priority - a.priority || compareVersions(a.version, b.version))
  return all.map(({ shown }) => shown)
}

function priorityOf(versions: readonly RemoteVersion[]): number {
  return Math.max(...versions.map(({ service }) => service.groupPriority))
}

/** Our own group of APIServices stands first, the core group before all. */
function localPriority(group: string): number {
  if (group === 'apiregistration.k8s.io') return Infinity
  const { group: priority } = builtInPriority(group, 'v1')
  const isBuiltIn = group === '' || !group.includes('.') || group.endsWith('.k8s.io')
  return isBuiltIn ? priority : CUSTOM_PRIORITY.group
}

/** Our OpenAPI v2 document with the paths and models of others. A model whose name is taken by another one gets a name of its own. */
export function mergeOpenApiV2(
  ours: JsonObject,
  others: readonly { readonly service: RemoteApiService; readonly document: JsonObject }[],
): JsonObject {
  const paths: Record<string, unknown> = { ...objectOf(ours.paths) }
  const definitions: Record<string, unknown> = { ...objectOf(ours.definitions) }
  for (const { service, document } of others) {
    const root = `/${rootOf(service)}/`
    const own = Object.entries(objectOf(document.paths)).filter(([path]) => path.startsWith(root))
    const models = objectOf(document.definitions)
    const names = new Map<string, string>()
    for (const name of modelsUsed(own, models)) names.set(name, freeName(name, models[name], definitions))
    for (const [from, to] of names) definitions[to] ??= renamed(models[from], names)
    for (const [path, item] of own) paths[path] ??= renamed(item, names)
  }
  return { ...ours, paths, definitions }
}

const REFERENCE = '#/definitions/'

function modelsUsed(from: unknown, models: JsonObject): Set<string> {
  const used = new Set<string>()
  const visit = (value: unknown): void => {
    if (Array.isArray(value)) return value.forEach(visit)
    if (!isJsonObject(value)) return
    const reference = value.$ref
    if (typeof reference === 'string' && reference.startsWith(REFERENCE)) {
      const name = reference.slice(REFERENCE.length)
      if (!used.has(name) && Object.hasOwn(models, name)) {
        used.add(name)
        visit(models[name])
      }
    }
    Object.values(value).forEach(visit)
  }
  visit(from)
  return used
}

function freeName(name: string, model: unknown, taken: JsonObject): string {
  const text = JSON.stringify(model)
  for (let i = 1; ; i++) {
    const candidate = i === 1 ? name : `${name}_v${i}`
    if (!Object.hasOwn(taken, candidate) || JSON.stringify(taken[candidate]) === text) return candidate
  }
}

function renamed(value: unknown, names: ReadonlyMap<string, string>): unknown {
  if (Array.isArray(value)) return value.map((one) => renamed(one, names))
  if (!isJsonObject(value)) return value
  const entries = Object.entries(value).map(([key, inner]): [string, unknown] => {
    if (key !== '$ref' || typeof inner !== 'string' || !inner.startsWith(REFERENCE)) return [key, renamed(inner, names)]
    const name = inner.slice(REFERENCE.length)
    return [key, REFERENCE + (names.get(name) ?? name)]
  })
  return Object.fromEntries(entries)
}

function objectOf(value: unknown): JsonObject {
  return isJsonObject(value) ? value : {}
}
