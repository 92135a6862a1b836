import { constantsOf, enumValues } from '../enums.ts'
import type { GoField, GoType } from '../go/ast.ts'
import { hasMarker } from '../go/markers.ts'
import { jsonOf, resolve, type ApiPackage, type ApiType, type Upstream } from '../upstream.ts'

/** Hand-written in src/apimachinery; re-exported from the generated meta/v1. */
const HAND_WRITTEN: ReadonlyMap<string, string> = new Map([
  ['ObjectMeta', 'meta.ts'],
  ['ListMeta', 'meta.ts'],
  ['OwnerReference', 'meta.ts'],
  ['ManagedFieldsEntry', 'meta.ts'],
  ['KubeList', 'meta.ts'],
  ['Status', 'status.ts'],
  ['StatusCause', 'status.ts'],
])

/** Names of Go that have another one in TypeScript. */
const TYPE_NAMES: Readonly<Record<string, string>> = {
  string: 'string',
  bool: 'boolean',
  int: 'number',
  int32: 'number',
  int64: 'number',
  uint8: 'number',
  float64: 'number',
  'k8s.io/apimachinery/pkg/types.UID': 'string',
  'k8s.io/apimachinery/pkg/types.NodeName': 'string',
  'k8s.io/apimachinery/pkg/apis/meta/v1.Time': 'string',
  'k8s.io/apimachinery/pkg/apis/meta/v1.MicroTime': 'string',
  'k8s.io/apimachinery/pkg/apis/meta/v1.Duration': 'string',
  'k8s.io/apimachinery/pkg/apis/meta/v1.FieldsV1': 'Record<string, unknown>',
  'k8s.io/apimachinery/pkg/runtime.RawExtension': 'RawExtension',
  'k8s.io/apimachinery/pkg/api/resource.Quantity': 'Quantity',
  'k8s.io/apimachinery/pkg/util/intstr.IntOrString': 'IntOrString',
  'k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1.JSON': 'unknown',
  'k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1.JSONSchemaPropsOrArray':
    'JSONSchemaProps | JSONSchemaProps[]',
  'k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1.JSONSchemaPropsOrBool': 'JSONSchemaProps | boolean',
  'k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1.JSONSchemaPropsOrStringArray': 'JSONSchemaProps | string[]',
}
const SCALAR_ALIASES = new Set(['Quantity', 'IntOrString', 'RawExtension'])

/** Not part of the wire format. */
const LEFT_OUT = new Set(['InternalEvent'])

/** The TypeScript module of a package: an interface or alias per type, in upstream's order. */
export function emitTypes(upstream: Upstream, pkg: ApiPackage): string {
  const module = new TypesModule(upstream, pkg)
  const isMeta = pkg.folder === 'meta'
  const declarations = [...pkg.types.values()]
    .filter((type) => !(isMeta && (HAND_WRITTEN.has(type.name) || LEFT_OUT.has(type.name))))
    .filter((type) => !TYPE_NAMES[`${pkg.path}.${type.name}`])
    .flatMap((type) => module.declaration(type))
  return [...module.imports(), '', ...declarations].join('\n')
}

class TypesModule {
  readonly #upstream: Upstream
  readonly #pkg: ApiPackage
  /** Imported names by module. */
  readonly #imports = new Map<string, Set<string>>()

  constructor(upstream: Upstream, pkg: ApiPackage) {
    this.#upstream = upstream
    this.#pkg = pkg
  }

  imports(): string[] {
    const imports = [...this.#imports]
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([module, names]) => {
        return `import type { ${[...names].sort().join(', ')} } from '${module}'`
      })
    if (this.#pkg.folder !== 'meta') return imports
    const exported = Map.groupBy(HAND_WRITTEN.keys(), (name) => HAND_WRITTEN.get(name))
    return [
      ...imports,
      ...[...exported].map(([file, names]) => {
        return `export type { ${names.join(', ')} } from '../../../../apimachinery/${file}'`
      }),
    ]
  }

  declaration(type: ApiType): string[] {
    if (type.type.kind !== 'struct') return this.#alias(type)
    const fields = type.type.fields
    const list = this.#listOf(type, fields)
    if (list) {
      this.#use('../../../../apimachinery/meta.ts', 'KubeList')
      return [`export type ${type.name} = KubeList<${list}>`, '']
    }
    const bases = fields.filter((f) => jsonOf(f)?.inline && !isTypeMeta(f)).map((f) => this.#name(type, f.type))
    const heritage = bases.length > 0 ? ` extends ${bases.join(', ')}` : ''
    return [`export interface ${type.name}${heritage} {`, ...fields.flatMap((f) => this.#field(type, f)), '}', '']
  }

  #alias(type: ApiType): string[] {
    const values =
      enumValues(this.#upstream, type) ??
      (hasMarker(type.doc, 'k8s:enum') ? constantsOf(this.#upstream, type) : undefined)
    const right = values ? values.map((v) => `'${v}'`).join(' | ') : this.#name(type, type.type)
    return [`export type ${type.name} = ${right || 'string'}`, '']
  }

  /** The item's name when the struct is a plain list kind. */
  #listOf(type: ApiType, fields: readonly GoField[]): string | undefined {
    const [typeMeta, listMeta, items] = fields
    const isList = fields.length === 3 && typeMeta && isTypeMeta(typeMeta) && listMeta?.name === 'ListMeta'
    if (!isList || items?.type.kind !== 'list' || items.name !== 'Items') return undefined
    return this.#name(type, items.type.of)
  }

  #field(type: ApiType, field: GoField): string[] {
    if (isTypeMeta(field)) return ['  apiVersion?: string', '  kind?: string']
    const json = jsonOf(field)
    if (!json || json.inline) return []
    const optional = isOptional(type, field, json.omitEmpty) ? '?' : ''
    const key = /^[A-Za-z_]\w*$/.test(json.name) ? json.name : `'${json.name}'`
    return [`  ${key}${optional}: ${this.#name(type, field.type)}`]
  }

  #name(from: ApiType, type: GoType): string {
    switch (type.kind) {
      case 'any':
        return 'unknown'
      case 'pointer':
        return this.#name(from, type.to)
      case 'map':
        return `Record<string, ${this.#name(from, type.value)}>`
      case 'list':
        return this.#listName(from, type.of)
      case 'struct':
        throw new Error(`${from.name}: anonymous struct`)
      case 'name':
        return this.#reference(from, type)
    }
  }

  #listName(from: ApiType, of: GoType): string {
    if (of.kind === 'name' && of.pkg === undefined && of.name === 'byte') return 'string'
    const item = this.#name(from, of)
    return item.includes(' ') && !item.endsWith('>') ? `(${item})[]` : `${item}[]`
  }

  #reference(from: ApiType, ref: { pkg?: string; name: string }): string {
    const resolved = resolve(this.#upstream, from, ref)
    if (resolved.kind === 'foreign') return this.#foreign(from, resolved.name)
    const target = resolved.type
    if (target.package === this.#pkg && !(this.#pkg.folder === 'meta' && HAND_WRITTEN.has(target.name)))
      return target.name
    const handWritten = target.package.folder === 'meta' ? HAND_WRITTEN.get(target.name) : undefined
    const module = handWritten
      ? `../../../../apimachinery/${handWritten}`
      : `../${target.package.folder}/${target.package.version}.ts`
    return this.#use(module, target.name)
  }

  #foreign(from: ApiType, name: string): string {
    const known = TYPE_NAMES[name]
    if (!known) throw new Error(`${from.package.path}.${from.name}: no TypeScript type for ${name}`)
    return SCALAR_ALIASES.has(known) ? this.#use('../scalars.ts', known) : known
  }

  /** Imports a name, under another one when the package has that name itself. */
  #use(module: string, name: string): string {
    const clashes = this.#pkg.types.has(name) && this.#pkg.folder !== 'meta'
    const local = clashes ? `Imported${name}` : name
    const names = this.#imports.get(module) ?? new Set()
    this.#imports.set(module, names.add(clashes ? `${name} as ${local}` : name))
    return local
  }
}

function isTypeMeta(field: GoField): boolean {
  return field.embedded && field.name === 'TypeMeta'
}

/**
 * A field is optional as upstream's OpenAPI has it, but for what is always there: the metadata of an object, and
 * `spec` and `template` structs that Go holds by value.
 */
function isOptional(type: ApiType, field: GoField, omitEmpty: boolean): boolean {
  const isKind = type.type.kind === 'struct' && type.type.fields.some(isTypeMeta)
  if (isKind && field.embedded && field.tags.get('json')?.startsWith('metadata')) return false
  if (/^(Spec|Template)$/.test(field.name) && field.type.kind === 'name') return false
  return omitEmpty || hasMarker(field.doc, 'optional')
}
