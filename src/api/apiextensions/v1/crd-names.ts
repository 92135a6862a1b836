import type { Frozen } from '../../../apimachinery/meta.ts'
import { type FieldError, invalid } from '../../../apimachinery/status.ts'
import { isDns1035Label } from '../../../apimachinery/validation/names.ts'
import type { CustomResourceDefinitionNames } from '../../generated/types/apiextensions/v1.ts'

/** ValidateCustomResourceDefinitionNames: what is there is a name. */
export function* validateNames(names: Frozen<CustomResourceDefinitionNames>, path: string): Iterable<FieldError> {
  const { plural, singular, kind, listKind, shortNames = [], categories = [] } = names
  if (plural) yield* validateLabel(`${path}.plural`, plural)
  if (singular) yield* validateLabel(`${path}.singular`, singular)
  yield* validateKind(`${path}.kind`, kind)
  yield* validateKind(`${path}.listKind`, listKind)
  for (const [index, name] of shortNames.entries()) yield* validateLabel(`${path}.shortNames[${index}]`, name)
  if (kind && kind === listKind) yield invalid(`${path}.listKind`, listKind, 'kind and listKind may not be the same')
  for (const [index, name] of categories.entries()) yield* validateLabel(`${path}.categories[${index}]`, name)
}

function validateLabel(field: string, name: string): FieldError[] {
  const wrong = isDns1035Label(name)
  return wrong.length > 0 ? [invalid(field, name, wrong.join(','))] : []
}

function validateKind(field: string, kind: string | undefined): FieldError[] {
  const wrong = kind ? isDns1035Label(kind.toLowerCase()) : []
  const text = `may have mixed case, but should otherwise match: ${wrong.join(',')}`
  return wrong.length > 0 ? [invalid(field, kind, text)] : []
}
