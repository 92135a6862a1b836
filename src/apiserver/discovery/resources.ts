import { apiVersionOf } from '../../apimachinery/meta.ts'
import type { ResourceDefinition } from '../../apimachinery/resource.ts'

/** metav1.APIResource. */
export interface ApiResource {
  readonly name: string
  readonly singularName: string
  readonly namespaced: boolean
  readonly group?: string
  readonly version?: string
  readonly kind: string
  readonly verbs: readonly string[]
  readonly shortNames?: readonly string[]
  readonly categories?: readonly string[]
  readonly storageVersionHash?: string
}

const STATUS_VERBS = ['get', 'patch', 'update']

/** In upstream's order for custom resources. */
const CUSTOM_VERBS = ['delete', 'deletecollection', 'get', 'list', 'patch', 'create', 'update', 'watch']

const listed = new WeakMap<ResourceDefinition, Promise<readonly ApiResource[]>>()

/** A resource and its subresources as discovery lists them; made once, for documents are made anew whenever any resource changes. */
export function apiResources(definition: ResourceDefinition): Promise<readonly ApiResource[]> {
  const known = listed.get(definition) ?? makeApiResources(definition)
  listed.set(definition, known)
  return known
}

async function makeApiResources(definition: ResourceDefinition): Promise<readonly ApiResource[]> {
  const namespaced = definition.scope === 'Namespaced'
  const isCustom = definition.schema.name === ''
  const own: ApiResource = {
    name: definition.plural,
    singularName: definition.singular,
    namespaced,
    kind: definition.kind,
    verbs: isCustom ? CUSTOM_VERBS : definition.verbs.toSorted(),
    ...(definition.shortNames.length > 0 && { shortNames: definition.shortNames }),
    ...(definition.categories.length > 0 && { categories: definition.categories }),
    ...(!definition.virtual && { storageVersionHash: await storageVersionHash(definition) }),
  }
  const sub = (name: string, kind: string, verbs: readonly string[], gv: object = {}): ApiResource => ({
    name: `${definition.plural}/${name}`,
    singularName: '',
    namespaced,
    ...gv,
    kind,
    verbs: verbs.toSorted(),
  })
  const others = definition.subresources.map(({ name, kind = definition.kind, verbs, group, version }) =>
    sub(name, kind, verbs, { ...(group && { group }), ...(version && { version }) }),
  )
  if (definition.status) others.push(sub('status', definition.kind, STATUS_VERBS))
  if (definition.scale) others.push(sub('scale', 'Scale', STATUS_VERBS, { group: 'autoscaling', version: 'v1' }))
  return isCustom ? [own, ...others] : [own, ...others].sort((a, b) => (a.name < b.name ? -1 : 1))
}

/** Kinds that upstream keeps in another version than the one it serves; clients compare the hash with upstream's. */
const STORED_AS: ReadonlyMap<string, string> = new Map([
  ['CustomResourceDefinition.apiextensions.k8s.io', 'v1beta1'],
  ['MutatingAdmissionPolicy.admissionregistration.k8s.io', 'v1beta1'],
  ['MutatingAdmissionPolicyBinding.admissionregistration.k8s.io', 'v1beta1'],
])

/** Upstream's hash of the version a kind is kept in: the first eight bytes of SHA-256 over `group/version/kind`. */
async function storageVersionHash(definition: ResourceDefinition): Promise<string> {
  const { group, kind, version: kept } = definition.storedAs?.definition ?? definition
  const version = definition.storageVersion ?? STORED_AS.get(`${kind}.${group}`) ?? kept
  const digest = await crypto.subtle.digest('SHA-256', new TextEncoder().encode(`${group}/${version}/${kind}`))
  return btoa(String.fromCharCode(...new Uint8Array(digest).subarray(0, 8)))
}

/** metav1.APIResourceList of one group and version. */
export async function apiResourceList(definitions: readonly ResourceDefinition[]): Promise<unknown> {
  const [first] = definitions
  const sorted = definitions.toSorted((a, b) => (a.plural < b.plural ? -1 : 1))
  const resources = (await Promise.all(sorted.map(apiResources))).flat()
  // Custom resources have status before scale; all others are in order of their names.
  const isCustom = first?.schema.name === ''
  if (!isCustom) resources.sort((a, b) => (a.name < b.name ? -1 : a.name > b.name ? 1 : 0))
  return {
    kind: 'APIResourceList',
    // The core group's list has none, for clients older than it.
    ...(first?.group !== '' && { apiVersion: 'v1' }),
    groupVersion: first ? apiVersionOf(first) : '',
    resources,
  }
}
