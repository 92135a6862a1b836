import type { GoField } from '../go/ast.ts'
import { hasMarker, markerValue, markerValues } from '../go/markers.ts'
import type { ApiPackage, ApiType, RegisteredVersion, Upstream } from '../upstream.ts'

/** The module of kind facts: one line per kind. */
export function emitKinds(upstream: Upstream, registered: readonly RegisteredVersion[]): string {
  const packages = [...upstream.values()]
  const versions = packages.filter((pkg) => kindsOf(pkg).length > 0 && pkg.folder !== 'meta')
  return [
    `import type { GroupVersionFacts, KindFacts } from '../kind-facts.ts'`,
    '',
    '/** Every group and version that is generated, in the order of upstream’s folders. */',
    'export const groupVersions: readonly GroupVersionFacts[] = [',
    ...versions.map((pkg) => `  ${literal(groupVersionFacts(pkg))},`),
    ']',
    '',
    '/** Every group and version that upstream’s scheme knows, also those that are no longer served; DeleteOptions belongs to each. */',
    'export const registeredVersions: readonly { readonly group: string; readonly version: string }[] = [',
    ...registered.map((version) => `  ${literal(version)},`),
    ']',
    '',
    '/** Every kind of theirs, in upstream’s order; the lists of a kind stand in its facts. */',
    'export const kinds: readonly KindFacts[] = [',
    ...versions.flatMap((pkg) => kindsOf(pkg).map((type) => `  ${literal(kindFacts(pkg, type))},`)),
    ']',
  ].join('\n')
}

/** The types that the package registers, but for lists of its kinds. */
function kindsOf(pkg: ApiPackage): ApiType[] {
  const types = pkg.registered.flatMap((name) => pkg.types.get(name) ?? [])
  return types.filter((type) => !type.alias && !listedBy(pkg, type))
}

/** The item type's name when the type is a list of items of its package. */
function listedBy(pkg: ApiPackage, type: ApiType): string | undefined {
  const item = type.name.endsWith('List') ? type.name.slice(0, -'List'.length) : ''
  return pkg.types.has(item) ? item : undefined
}

function groupVersionFacts(pkg: ApiPackage): object {
  const { group, version, folder, model, served } = pkg
  return { group, version, folder, model, ...(served !== undefined && { served }) }
}

function kindFacts(pkg: ApiPackage, type: ApiType): object {
  const list = pkg.types.has(`${type.name}List`) ? `${type.name}List` : undefined
  return {
    group: pkg.group,
    version: pkg.version,
    kind: type.name,
    schema: `${pkg.model}.${type.name}`,
    ...(list && { list }),
    ...resourceFacts(type),
    ...lifecycle(type),
  }
}

/** What client-gen makes of a kind: its resource. */
function resourceFacts(type: ApiType): object {
  const doc = [...type.outerDoc, ...type.doc]
  if (!hasMarker(doc, 'genclient')) return {}
  const only = markerValue(doc, 'genclient:onlyVerbs')
  const skip = markerValue(doc, 'genclient:skipVerbs')
  const none = hasMarker(doc, 'genclient:noVerbs')
  const methods = markerValues(doc, 'genclient:method')
    .map(methodFacts)
    .filter(({ verb }) => verb !== 'apply')
  return {
    plural: plural(type.name.toLowerCase()),
    scope: hasMarker(doc, 'genclient:nonNamespaced') ? 'Cluster' : 'Namespaced',
    ...(hasStatus(type) && !hasMarker(doc, 'genclient:noStatus') && { status: true }),
    ...(none && { onlyVerbs: [] }),
    ...(only !== undefined && { onlyVerbs: only.split(',') }),
    ...(skip !== undefined && { skipVerbs: skip.split(',') }),
    ...(methods.length > 0 && { methods }),
  }
}

/** `GetScale,verb=get,subresource=scale,result=k8s.io/api/autoscaling/v1.Scale`. */
function methodFacts(value: string): { verb: string; subresource: string; input?: string; result?: string } {
  const parts = new Map(
    value.split(',').map((part): [string, string] => {
      const [key = '', text = ''] = part.split('=')
      return [key, text]
    }),
  )
  const input = parts.get('input')
  const result = parts.get('result')
  return {
    verb: parts.get('verb') ?? '',
    subresource: parts.get('subresource') ?? '',
    ...(input && { input: shortName(input) }),
    ...(result && { result: shortName(result) }),
  }
}

/** `k8s.io/api/autoscaling/v1.Scale` → `autoscaling/v1.Scale`, as schemas refer to each other. */
function shortName(path: string): string {
  return path.replace(/^k8s\.io\/api\//, '')
}

function hasStatus(type: ApiType): boolean {
  const fields: readonly GoField[] = type.type.kind === 'struct' ? type.type.fields : []
  return fields.some((field) => field.name === 'Status')
}

/** The rules of Kubernetes' code generators for a plural. */
function plural(singular: string): string {
  if (singular === 'endpoints') return singular
  if (/[^aeiou]y$/.test(singular)) return `${singular.slice(0, -1)}ies`
  return /(s|x|z|ch|sh)$/.test(singular) ? `${singular}es` : `${singular}s`
}

function lifecycle(type: ApiType): object {
  const doc = [...type.outerDoc, ...type.doc]
  const value = (name: string): string | undefined => markerValue(doc, `k8s:prerelease-lifecycle-gen:${name}`)
  return Object.fromEntries(
    ['introduced', 'deprecated', 'removed', 'replacement'].flatMap((name) => {
      const text = value(name)
      return text ? [[name, text.replaceAll(' ', '')]] : []
    }),
  )
}

/** A TypeScript literal on one line. */
function literal(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(literal).join(', ')}]`
  if (typeof value === 'object' && value !== null) {
    return `{ ${Object.entries(value)
      .map(([key, inner]) => `${key}: ${literal(inner)}`)
      .join(', ')} }`
  }
  return typeof value === 'string' ? `'${value}'` : String(value)
}
