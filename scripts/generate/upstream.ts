import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { GoConst, GoField, GoFile, GoType, GoTypeDecl } from './go/ast.ts'
import { markerValue } from './go/markers.ts'
import { parseGo } from './go/parser.ts'
import type { PackageEntry } from './groups.ts'

/** A Go API package with its declarations. */
export interface ApiPackage extends PackageEntry {
  /** The API group's name; empty for core. */
  readonly group: string
  /** What upstream's OpenAPI model names of the package begin with: `io.k8s.api.apps.v1`. */
  readonly model: string
  readonly types: ReadonlyMap<string, ApiType>
  readonly consts: readonly ApiConst[]
  /** The types that the package registers as kinds, in upstream's order. */
  readonly registered: readonly string[]
}

export interface ApiConst extends GoConst {
  readonly imports: ReadonlyMap<string, string>
}

export interface ApiType extends GoTypeDecl {
  readonly package: ApiPackage
  /** Import path by local name, in the file that declares the type. */
  readonly imports: ReadonlyMap<string, string>
}

/** Where a name that a type mentions leads. */
export type Resolved =
  | { readonly kind: 'type'; readonly type: ApiType }
  /** Outside the generated packages, or Go's own: `string`, `k8s.io/apimachinery/pkg/types.UID`. */
  | { readonly kind: 'foreign'; readonly name: string }

/** All packages that are generated, by import path. */
export type Upstream = ReadonlyMap<string, ApiPackage>

/** Reads the packages from the first of `roots` (folders that hold `k8s.io/`) that has each. */
export function readUpstream(roots: readonly string[], entries: readonly PackageEntry[]): Upstream {
  return new Map(entries.map((entry) => [entry.path, readPackage(roots, entry)]))
}

/** The entries whose package none of the roots has. */
export function missingPackages(roots: readonly string[], entries: readonly PackageEntry[]): string[] {
  return entries.map((entry) => entry.path).filter((path) => !directoryOf(roots, path))
}

function directoryOf(roots: readonly string[], path: string): string | undefined {
  return roots.flatMap((root) => [join(root, path), join(root, '..', path)]).find((dir) => existsSync(dir))
}

function readPackage(roots: readonly string[], entry: PackageEntry): ApiPackage {
  const dir = directoryOf(roots, entry.path)
  if (!dir) throw new Error(`package ${entry.path} is in none of ${roots.join(', ')}`)
  const files = readdirSync(dir)
    .filter(
      (name) =>
        name.endsWith('.go') && !/_test\.go$|^zz_generated|^generated|_swagger_doc_|^fieldsv1_string/.test(name),
    )
    .map((name) => parseGo(readFileSync(join(dir, name), 'utf8')))
  const packageDoc = files.flatMap((file) => file.packageDoc)
  const types = new Map<string, ApiType>()
  const consts = files.flatMap((file) => file.consts.map((c) => ({ ...c, imports: file.imports })))
  const group = markerValue(packageDoc, 'groupName') ?? groupNameOf(consts)
  const model = markerValue(packageDoc, 'k8s:openapi-model-package') ?? ''
  const pkg: ApiPackage = { ...entry, group, model, types, consts, registered: registeredKinds(dir) }
  for (const file of files) addTypes(types, pkg, file)
  return pkg
}

function groupNameOf(consts: readonly GoConst[]): string {
  const value = consts.find((c) => c.name === 'GroupName')?.value
  return typeof value === 'string' ? value : ''
}

/** The string that a constant is, through the constants that it takes its value from; undefined when that is none of ours. */
export function constantValue(upstream: Upstream, pkg: ApiPackage, constant: ApiConst): string | undefined {
  const { value, imports } = constant
  if (typeof value === 'string') return value
  const home = value.pkg === undefined ? pkg : upstream.get(imports.get(value.pkg) ?? '')
  const next = home?.consts.find((c) => c.name === value.name)
  return home && next && constantValue(upstream, home, next)
}

/** The arguments of AddKnownTypes. */
function registeredKinds(dir: string): string[] {
  const file = join(dir, 'register.go')
  const source = existsSync(file) ? readFileSync(file, 'utf8') : ''
  return Array.from(source.matchAll(/&(\w+)\{\}/g), ([, name = '']) => name)
}

function addTypes(types: Map<string, ApiType>, pkg: ApiPackage, file: GoFile): void {
  for (const decl of file.types) {
    if (isExported(decl.name)) types.set(decl.name, { ...decl, package: pkg, imports: file.imports })
  }
}

const isExported = (name: string): boolean => /^[A-Z]/.test(name)

/** Follows a name from the type that mentions it. */
export function resolve(upstream: Upstream, from: ApiType, ref: { pkg?: string; name: string }): Resolved {
  const path = ref.pkg === undefined ? from.package.path : from.imports.get(ref.pkg)
  if (path === undefined) throw new Error(`${from.name}: no import named ${ref.pkg}`)
  const type = upstream.get(path)?.types.get(ref.name)
  if (type && !SCALARS.has(`${path}.${ref.name}`)) return { kind: 'type', type }
  return { kind: 'foreign', name: ref.pkg === undefined && !type ? ref.name : `${path}.${ref.name}` }
}

/** Types with an encoding of their own, which the schema has as scalars. */
export const SCALARS: ReadonlySet<string> = new Set([
  'k8s.io/apimachinery/pkg/apis/meta/v1.Time',
  'k8s.io/apimachinery/pkg/apis/meta/v1.MicroTime',
  'k8s.io/apimachinery/pkg/apis/meta/v1.Duration',
  'k8s.io/apimachinery/pkg/apis/meta/v1.FieldsV1',
  'k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1.JSON',
  'k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1.JSONSchemaPropsOrArray',
  'k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1.JSONSchemaPropsOrBool',
  'k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1.JSONSchemaPropsOrStringArray',
])

/** How a field appears in JSON, from its tag and markers. */
export interface JsonField {
  readonly name: string
  readonly inline: boolean
  readonly omitEmpty: boolean
}

/** The JSON side of a struct field; undefined when JSON does not have it (`json:"-"`). */
export function jsonOf(field: GoField): JsonField | undefined {
  const [name = '', ...options] = (field.tags.get('json') ?? '').split(',')
  if (name === '-') return undefined
  const inline = options.includes('inline') || (field.embedded && name === '')
  if (name === '' && !inline) return undefined
  return { name, inline, omitEmpty: options.includes('omitempty') || options.includes('omitzero') }
}

/** The type without its pointer. */
export function withoutPointer(type: GoType): GoType {
  return type.kind === 'pointer' ? type.to : type
}

/** The folders whose packages upstream's API server registers in its scheme, one folder per group. */
const GROUP_FOLDERS = [
  'k8s.io/api',
  'k8s.io/apiextensions-apiserver/pkg/apis',
  'k8s.io/kube-aggregator/pkg/apis',
] as const

/** Groups that a scheme of their own registers. */
const NOT_IN_THE_SCHEME = new Set(['apidiscovery'])

/** A group and version, served or not. */
export interface RegisteredVersion {
  readonly group: string
  readonly version: string
}

/** Every group and version that upstream's API server knows, also those it no longer serves, sorted. */
export function registeredVersions(roots: readonly string[]): RegisteredVersion[] {
  const versions = GROUP_FOLDERS.flatMap((parent) => {
    const dir = directoryOf(roots, parent)
    if (!dir) throw new Error(`${parent} is in none of ${roots.join(', ')}`)
    return foldersIn(dir).flatMap((folder) => {
      const names = NOT_IN_THE_SCHEME.has(folder) ? [] : foldersIn(join(dir, folder))
      return names
        .filter((version) => /^v\d+((alpha|beta)\d+)?$/.test(version))
        .map((version) => readPackage(roots, { path: `${parent}/${folder}/${version}`, folder, version }))
    })
  })
  return versions
    .map(({ group, version }) => ({ group, version }))
    .sort((a, b) => (`${a.group}/${a.version}` < `${b.group}/${b.version}` ? -1 : 1))
}

function foldersIn(dir: string): string[] {
  const entries = readdirSync(dir, { withFileTypes: true })
  return entries.filter((entry) => entry.isDirectory()).map((entry) => entry.name)
}
