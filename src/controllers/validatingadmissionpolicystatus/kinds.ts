import type { ValidatingAdmissionPolicy } from '../../api/generated/types/admissionregistration/v1.ts'
import { builtInResources } from '../../api/index.ts'
import type { CelType } from '../../apimachinery/cel/index.ts'
import type { Frozen } from '../../apimachinery/meta.ts'
import type { ResourceDefinition } from '../../apimachinery/resource.ts'
import { declaredType, type Documents, kindOfResource } from './documents.ts'
import type { SchemaTypes } from './types.ts'

const MAX_KINDS = 10
/** What a rule names can be combined in millions of ways; beyond these nothing is looked for. */
const MAX_COMBINATIONS = 1000
/** Documents that are read for one policy. */
const MAX_DOCUMENTS = 50

/** A kind that a policy is for. */
export interface PolicyKind {
  readonly group: string
  readonly version: string
  readonly kind: string
  /** Its type, made under `name`; undefined where nothing is known of it. */
  typeIn(types: SchemaTypes, name: string): CelType | undefined
}

/** The kinds that a policy names without wildcards, at most ten for each rule, in their order. */
export function kindsOf({ spec }: Frozen<ValidatingAdmissionPolicy>, documents: Documents): readonly PolicyKind[] {
  const found = new Map<string, PolicyKind>()
  for (const rule of spec?.matchConstraints?.resourceRules ?? []) {
    let count = 0
    for (const [group, version, resource] of combinations(rule)) {
      for (const kind of resourcesOf(group, version, resource, documents)) {
        found.set(keyOf(kind), kind)
        if (++count === MAX_KINDS) return [...found.values()].toSorted(byKind)
      }
    }
  }
  return [...found.values()].toSorted(byKind)
}

/** The groups and versions that a policy names and the API itself does not have. */
export function customVersionsOf({ spec }: Frozen<ValidatingAdmissionPolicy>): ReadonlySet<string> {
  const named = (spec?.matchConstraints?.resourceRules ?? []).flatMap((rule) =>
    [...combinations(rule)].map(([group, version]) => `${group}/${version}`),
  )
  const all = [...named, spec?.paramKind?.apiVersion ?? '']
  return new Set([...new Set(all.filter((name) => SERVED.test(name) && !BUILT_IN.has(name)))].slice(0, MAX_DOCUMENTS))
}

/** What can be a group and its version: it becomes part of a path. */
const SERVED = /^[a-z0-9][-.a-z0-9]*\/[a-z0-9][-a-z0-9]*$/

const BUILT_IN: ReadonlySet<string> = new Set(builtInResources.map(({ group, version }) => `${group}/${version}`))

/** The kind of parameters. */
export function kindNamed(
  { apiVersion = '', kind = '' }: { readonly apiVersion?: string; readonly kind?: string },
  documents: Documents,
): PolicyKind | undefined {
  const [version = '', group = ''] = apiVersion.split('/').toReversed()
  const found = builtInResources.find((one) => one.kind === kind && one.group === group && one.version === version)
  return found ? builtIn(found) : custom({ group, version, kind }, documents)
}

const builtIn = ({ group, version, kind, schema }: ResourceDefinition): PolicyKind => ({
  group,
  version,
  kind,
  typeIn: (types, name) => types.typeOf(schema, name),
})

function custom(
  wanted: { readonly group: string; readonly version: string; readonly kind: string },
  documents: Documents,
): PolicyKind | undefined {
  const document = documents.get(`${wanted.group}/${wanted.version}`)
  if (!document) return undefined
  return {
    ...wanted,
    typeIn(types, name) {
      const declared = declaredType(document, wanted, name)
      return declared && types.declare(declared)
    },
  }
}

interface Rule {
  readonly apiGroups?: readonly string[]
  readonly apiVersions?: readonly string[]
  readonly resources?: readonly string[]
}

function* combinations({ apiGroups = [], apiVersions = [], resources = [] }: Rule): Iterable<[string, string, string]> {
  if ([...apiGroups, ...apiVersions].some((name) => name.includes('*'))) return
  const named = resources.filter((resource) => !/[*/]/.test(resource)).toSorted()
  const versions = apiVersions.toSorted()
  let left = MAX_COMBINATIONS
  for (const group of apiGroups.toSorted()) {
    for (const version of versions) {
      for (const resource of named) {
        if (left-- === 0) return
        yield [group, version, resource]
      }
    }
  }
}

/** As upstream's mapper has it, the core group stands for any. */
function resourcesOf(group: string, version: string, plural: string, documents: Documents): readonly PolicyKind[] {
  const document = documents.get(`${group}/${version}`)
  if (document) {
    const kind = kindOfResource(document, plural)
    const found = kind === undefined ? undefined : custom({ group, version, kind }, documents)
    return found ? [found] : []
  }
  return builtInResources
    .filter((one) => one.plural === plural && one.version === version && (group === '' || one.group === group))
    .map(builtIn)
}

const keyOf = ({ group, version, kind }: PolicyKind): string => [group, version, kind].join('\0')

function byKind(a: PolicyKind, b: PolicyKind): number {
  return keyOf(a) < keyOf(b) ? -1 : 1
}
