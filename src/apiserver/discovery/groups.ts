import { apiVersionOf } from '../../apimachinery/meta.ts'
import type { ResourceDefinition } from '../../apimachinery/resource.ts'

/** A group with its versions, each with its resources, in order of preference. */
export interface Group {
  readonly name: string
  readonly versions: readonly { readonly version: string; readonly resources: readonly ResourceDefinition[] }[]
}

/** Sorts definitions into groups and versions; groups keep the order of their first definition. */
export function groupsOf(definitions: Iterable<ResourceDefinition>): Group[] {
  const groups = new Map<string, Map<string, ResourceDefinition[]>>()
  for (const definition of definitions) {
    const versions = groups.get(definition.group) ?? new Map<string, ResourceDefinition[]>()
    groups.set(definition.group, versions)
    const resources = versions.get(definition.version) ?? []
    versions.set(definition.version, resources)
    resources.push(definition)
  }
  return [...groups].map(([name, versions]) => ({
    name,
    versions: [...versions]
      .map(([version, resources]) => ({ version, resources }))
      .sort((a, b) => compareVersions(a.version, b.version)),
  }))
}

/** Upstream's order of versions: v2 before v1 before v1beta2 before v1alpha1, anything else last by name. */
export function compareVersions(a: string, b: string): number {
  const left = rank(a)
  const right = rank(b)
  if (!left || !right) return left ? -1 : right ? 1 : a < b ? -1 : a > b ? 1 : 0
  return right.stability - left.stability || right.major - left.major || right.minor - left.minor
}

const STABILITY: Readonly<Record<string, number>> = { alpha: 0, beta: 1, '': 2 }

function rank(version: string): { stability: number; major: number; minor: number } | undefined {
  const match = /^v([1-9]\d*)(?:(alpha|beta)([1-9]\d*))?$/.exec(version)
  if (!match) return undefined
  return { stability: STABILITY[match[2] ?? ''] ?? 2, major: Number(match[1]), minor: Number(match[3] ?? 0) }
}

interface Named {
  readonly name: string
  readonly versions: readonly { readonly version: string }[]
}

/** metav1.APIGroup. */
export function apiGroup(group: Named, withType: boolean): Record<string, unknown> {
  const versions = group.versions.map(({ version }) => ({
    groupVersion: apiVersionOf({ group: group.name, version }),
    version,
  }))
  return {
    ...(withType && { kind: 'APIGroup', apiVersion: 'v1' }),
    name: group.name,
    versions,
    preferredVersion: versions[0],
  }
}

/** metav1.APIGroupList: every named group. */
export function apiGroupList(groups: readonly Named[]): unknown {
  const named = groups.filter(({ name }) => name !== '')
  return { kind: 'APIGroupList', apiVersion: 'v1', groups: named.map((group) => apiGroup(group, false)) }
}

/** metav1.APIVersions, at /api. */
export function apiVersions(groups: readonly Group[], serverAddress: string): unknown {
  const core = groups.find(({ name }) => name === '')
  return {
    kind: 'APIVersions',
    versions: core?.versions.map(({ version }) => version) ?? [],
    serverAddressByClientCIDRs: [{ clientCIDR: '0.0.0.0/0', serverAddress }],
  }
}
