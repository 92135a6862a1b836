import type {
  CustomResourceDefinition,
  CustomResourceDefinitionNames,
} from '../../api/generated/types/apiextensions/v1.ts'
import type { Frozen } from '../../apimachinery/meta.ts'

type Crd = Frozen<CustomResourceDefinition>
type Names = Frozen<CustomResourceDefinitionNames>

/** Which names a CRD gets, and why not all of them. */
export interface Acceptance {
  readonly names: CustomResourceDefinitionNames
  /** Undefined when all are accepted. */
  readonly conflict?: { readonly reason: string; readonly message: string }
}

/** Settles a CRD's names against those that others of its group hold already (upstream's naming controller). */
export function acceptNames(crd: Crd, others: readonly Crd[]): Acceptance {
  const held = others
    .filter((other) => other.spec.group === crd.spec.group && other.metadata.name !== crd.metadata.name)
    .flatMap(({ status }) => (status?.acceptedNames ? [status.acceptedNames] : []))
  const resources = new Set(
    held.flatMap(({ plural, singular = '', shortNames = [] }) => [plural, singular, ...shortNames]),
  )
  const kinds = new Set(held.flatMap(({ kind, listKind = '' }) => [kind, listKind]))
  return settle(crd.spec.names, crd.status?.acceptedNames, resources, kinds)
}

function settle(
  asked: Names,
  had: Names | undefined,
  resources: ReadonlySet<string>,
  kinds: ReadonlySet<string>,
): Acceptance {
  const names: CustomResourceDefinitionNames = {
    ...(had as CustomResourceDefinitionNames | undefined),
    plural: had?.plural ?? '',
    kind: had?.kind ?? '',
  }
  let conflict: Acceptance['conflict']
  const settleOne = (
    field: 'plural' | 'singular' | 'kind' | 'listKind',
    taken: ReadonlySet<string>,
    reason: string,
  ): void => {
    const wanted = asked[field] ?? ''
    if (wanted !== (had?.[field] ?? '') && taken.has(wanted)) {
      conflict = { reason, message: `${JSON.stringify(wanted)} is already in use` }
    } else names[field] = wanted
  }
  settleOne('plural', resources, 'PluralConflict')
  settleOne('singular', resources, 'SingularConflict')
  const busy = (asked.shortNames ?? []).filter((name) => !had?.shortNames?.includes(name) && resources.has(name))
  if (busy.length > 0) {
    const messages = busy.map((name) => `${JSON.stringify(name)} is already in use`)
    conflict = {
      reason: 'ShortNamesConflict',
      message: messages.length === 1 ? (messages[0] ?? '') : `[${messages.join(', ')}]`,
    }
  } else if (asked.shortNames) names.shortNames = [...asked.shortNames]
  else delete names.shortNames
  settleOne('kind', kinds, 'KindConflict')
  settleOne('listKind', kinds, 'ListKindConflict')
  if (asked.categories) names.categories = [...asked.categories]
  else delete names.categories
  return conflict ? { names, conflict } : { names }
}
