import { enumValues } from '../enums.ts'
import type { GoField, GoType } from '../go/ast.ts'
import { hasMarker, markersOf, markerValue, markerValues } from '../go/markers.ts'
import {
  constantValue,
  jsonOf,
  resolve,
  type ApiPackage,
  type ApiType,
  type JsonField,
  type Upstream,
} from '../upstream.ts'

/** Names of Go that are a scalar of the schema. */
const SCALAR_NAMES: Readonly<Record<string, string>> = {
  string: 'string',
  bool: 'boolean',
  int: 'int32',
  int32: 'int32',
  int64: 'int64',
  uint8: 'int32',
  float64: 'double',
  'k8s.io/apimachinery/pkg/types.UID': 'string',
  'k8s.io/apimachinery/pkg/types.NodeName': 'string',
  'k8s.io/apimachinery/pkg/apis/meta/v1.Time': 'time',
  'k8s.io/apimachinery/pkg/apis/meta/v1.MicroTime': 'microTime',
  'k8s.io/apimachinery/pkg/apis/meta/v1.Duration': 'duration',
  'k8s.io/apimachinery/pkg/apis/meta/v1.FieldsV1': 'fieldsV1',
  'k8s.io/apimachinery/pkg/runtime.RawExtension': 'rawExtension',
  'k8s.io/apimachinery/pkg/api/resource.Quantity': 'quantity',
  'k8s.io/apimachinery/pkg/util/intstr.IntOrString': 'intOrString',
  'k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1.JSON': 'any',
  'k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1.JSONSchemaPropsOrArray': 'schemaOrArray',
  'k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1.JSONSchemaPropsOrBool': 'schemaOrBool',
  'k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1.JSONSchemaPropsOrStringArray': 'schemaOrStrings',
}

/** Those that Go holds as structs, so that they are written even when empty, unless behind a pointer. */
const STRUCT_SCALARS = new Set([
  'time',
  'microTime',
  'duration',
  'quantity',
  'intOrString',
  'rawExtension',
  'fieldsV1',
  'any',
])

const PLAIN_GO: Readonly<Record<string, string>> = { string: 'string', boolean: 'bool', double: 'float64' }

/** `uint8` is what Go calls a byte. */
const goText = (text: string): string => text.replace(/\bbyte\b/, 'uint8')

/** The facts of a package in the notation that src/api/schema/ reads. */
export function emitSchema(upstream: Upstream, pkg: ApiPackage): string {
  const writer = new SchemaWriter(upstream, pkg)
  return [...pkg.types.values()].flatMap((type) => writer.declaration(type)).join('\n')
}

class SchemaWriter {
  readonly #upstream: Upstream
  readonly #pkg: ApiPackage

  constructor(upstream: Upstream, pkg: ApiPackage) {
    this.#upstream = upstream
    this.#pkg = pkg
  }

  declaration(type: ApiType): string[] {
    if (SCALAR_NAMES[`${this.#pkg.path}.${type.name}`] || type.name === 'InternalEvent') return []
    const values = enumValues(this.#upstream, type)
    if (values) return [`enum ${type.name} ${JSON.stringify(values)}`]
    if (type.type.kind === 'name' && !type.alias) return this.#derived(type, type.type)
    if (type.type.kind !== 'struct') return []
    const mapType = markerValue(type.doc, 'structType')
    return [
      `struct ${type.name}${mapType ? ` mapType=${mapType}` : ''}`,
      ...validations(type.doc),
      ...this.#unions(type.type.fields, hasMarker(type.doc, 'union')),
      ...type.type.fields.flatMap((field) => this.#field(type, field)),
    ]
  }

  /** `type List metav1.List`: a struct of its own with the fields of another. */
  #derived(type: ApiType, base: { pkg?: string; name: string }): string[] {
    const resolved = resolve(this.#upstream, type, base)
    if (resolved.kind === 'foreign' || resolved.type.type.kind !== 'struct') return []
    const { type: origin } = resolved
    return [`struct ${type.name}`, ...resolved.type.type.fields.flatMap((field) => this.#field(origin, field))]
  }

  /** kube-openapi's two forms: a struct marked `+union`, or members marked `+unionDeprecated`. */
  #unions(fields: readonly GoField[], whole: boolean): string[] {
    const named = fields.filter((f) => jsonOf(f)?.name)
    const isDiscriminator = (f: GoField): boolean => hasMarker(f.doc, 'unionDiscriminator')
    const members = named.filter((f) => !isDiscriminator(f) && (whole || hasMarker(f.doc, 'unionDeprecated')))
    if (members.length === 0) return []
    const discriminator = named.find(isDiscriminator)
    const names = members.map((f) => jsonOf(f)?.name ?? '')
    return [` union ${discriminator ? jsonOf(discriminator)?.name : '-'} ${names.join(',')}`]
  }

  #field(type: ApiType, field: GoField): string[] {
    const json = jsonOf(field)
    if (!json) return []
    const number = /^[a-z0-9]+,(\d+)/.exec(field.tags.get('protobuf') ?? '')?.[1] ?? '-'
    const text = this.#typeText(type, field.type)
    if (json.inline) return [` ... ${number} ${text.replace(/^\*/, '')}`]
    return [
      ` ${[json.name, number, text, ...this.#attributes(type, field, json)].join(' ')}`,
      ...validations(field.doc),
    ]
  }

  #attributes(type: ApiType, field: GoField, json: JsonField): string[] {
    const { doc } = field
    const attributes: string[] = []
    const add = (name: string, value: string | undefined): void => {
      if (value) attributes.push(`${name}=${value}`)
    }
    if (isRequired(field, json)) attributes.push('required')
    if (this.#isAlwaysWritten(type, field, json)) attributes.push('always')
    add('listType', markerValue(doc, 'listType'))
    add('listMapKeys', markerValues(doc, 'listMapKey').join(','))
    add('mapType', markerValue(doc, 'mapType') ?? markerValue(doc, 'structType'))
    add('patchStrategy', markerValues(doc, 'patchStrategy').join(','))
    add('patchMergeKey', markerValue(doc, 'patchMergeKey'))
    const go = goText(this.#goType(type, field.type))
    if (go !== this.#plainGoType(type, field.type)) add('go', go)
    add('default', this.#default(type, field))
    return attributes
  }

  /** The field's type as Go names it in errors, without a pointer. */
  #goType(from: ApiType, type: GoType): string {
    switch (type.kind) {
      case 'any':
      case 'struct':
        return ''
      case 'pointer':
        return this.#goType(from, type.to)
      case 'map':
        return `map[${this.#goType(from, type.key)}]${this.#goType(from, type.value)}`
      case 'list':
        return `[]${this.#goType(from, type.of)}`
      case 'name': {
        if (type.pkg === undefined && /^[a-z]/.test(type.name)) return type.name
        const path = type.pkg === undefined ? from.package.path : (from.imports.get(type.pkg) ?? '')
        return `${path.slice(path.lastIndexOf('/') + 1)}.${type.name}`
      }
    }
  }

  /** What a reader of the schema takes the Go type for when it is not told. */
  #plainGoType(from: ApiType, type: GoType): string {
    switch (type.kind) {
      case 'pointer':
        return this.#plainGoType(from, type.to)
      case 'map':
        return `map[string]${this.#plainGoType(from, type.value)}`
      case 'list':
        return `[]${this.#plainGoType(from, type.of)}`
      case 'name': {
        const resolved = resolve(this.#upstream, from, type)
        const own = goText(this.#goType(from, type))
        if (resolved.kind === 'foreign') return PLAIN_GO[SCALAR_NAMES[resolved.name] ?? ''] ?? own
        const { type: target } = resolved
        if (this.#isStruct(target, target.type) || enumValues(this.#upstream, target)) return own
        return this.#plainGoType(target, target.type)
      }
      default:
        return ''
    }
  }

  #isAlwaysWritten(type: ApiType, field: GoField, json: JsonField): boolean {
    if (field.tags.get('json')?.includes('omitzero')) return false
    return !json.omitEmpty || this.#isStruct(type, field.type)
  }

  #isStruct(from: ApiType, type: GoType): boolean {
    if (type.kind !== 'name') return type.kind === 'struct'
    const resolved = resolve(this.#upstream, from, type)
    if (resolved.kind === 'foreign') return STRUCT_SCALARS.has(SCALAR_NAMES[resolved.name] ?? '')
    return this.#isStruct(resolved.type, resolved.type.type)
  }

  /** `+default` as JSON; `ref(Name)` names a constant of the package. */
  #default(type: ApiType, field: GoField): string | undefined {
    const value = markerValue(field.doc, 'default')
    const ref = /^ref\((\w+)\)$/.exec(value ?? '')?.[1]
    if (ref === undefined) return value
    const constant = type.package.consts.find((c) => c.name === ref)
    return constant && JSON.stringify(constantValue(this.#upstream, type.package, constant))
  }

  #typeText(from: ApiType, type: GoType): string {
    switch (type.kind) {
      case 'any':
        return 'any'
      case 'pointer':
        return `*${this.#typeText(from, type.to)}`
      case 'map':
        return `{}${this.#typeText(from, type.value).replace(/^\*/, '')}`
      case 'list':
        if (type.of.kind === 'name' && type.of.name === 'byte') return 'bytes'
        return `[]${this.#typeText(from, type.of).replace(/^\*/, '')}`
      case 'struct':
        throw new Error(`${from.name}: anonymous struct`)
      case 'name':
        return this.#reference(from, type)
    }
  }

  #reference(from: ApiType, ref: { pkg?: string; name: string }): string {
    const resolved = resolve(this.#upstream, from, ref)
    if (resolved.kind === 'foreign') {
      const scalar = SCALAR_NAMES[resolved.name]
      if (!scalar) throw new Error(`${from.package.path}.${from.name}: no schema for ${resolved.name}`)
      return scalar
    }
    const target = resolved.type
    const derived = !target.alias && this.#isStruct(target, target.type)
    if (derived || enumValues(this.#upstream, target)) return this.#qualified(target)
    const wrapped = hasMarker(target.doc, 'protobuf.nullable') ? '@' : ''
    return wrapped + this.#typeText(target, target.type)
  }

  #qualified(target: ApiType): string {
    const { folder, version } = target.package
    return target.package === this.#pkg ? target.name : `${folder}/${version}.${target.name}`
  }
}

/** kube-openapi's rule: the marker decides, then omitempty. */
function isRequired(field: GoField, json: JsonField): boolean {
  if (hasMarker(field.doc, 'required')) return true
  return !hasMarker(field.doc, 'optional') && !json.omitEmpty
}

/** Markers of declarative validation, as they stand. */
function validations(doc: readonly string[]): string[] {
  return markersOf(doc)
    .filter(({ name }) => name.startsWith('k8s:') && !NOT_VALIDATION.test(name))
    .map(({ name, args, value }) => `  +${name}${args}${value ? `=${value}` : ''}`)
}

const NOT_VALIDATION = /^k8s:(deepcopy|conversion|defaulter|openapi|prerelease|protobuf|validation-gen)/
