import type { Frozen } from '../../../apimachinery/meta.ts'
import { type FieldError, invalid, required } from '../../../apimachinery/status.ts'
import { isDns1035Label, isDns1123Subdomain } from '../../../apimachinery/validation/names.ts'
import { text } from '../../columns.ts'
import type { ParamKind } from '../../generated/types/admissionregistration/v1.ts'

/** The column of policies that names the kind of their parameters. */
export const paramKindColumn = text<{ spec?: { paramKind?: ParamKind } }>('ParamKind', ({ spec }) =>
  spec?.paramKind ? `${spec.paramKind.apiVersion ?? ''}/${spec.paramKind.kind ?? ''}` : '<unset>',
)

/** The kind of a policy's parameters. */
export function* validateParamKind(
  { apiVersion = '', kind = '' }: Frozen<ParamKind>,
  path: string,
): Iterable<FieldError> {
  yield* validateApiVersion(apiVersion, `${path}.apiVersion`)
  if (!kind) return yield required(`${path}.kind`)
  const wrong = isDns1035Label(kind.toLowerCase())
  const text = `may have mixed case, but should otherwise match: ${wrong.join(',')}`
  if (wrong.length > 0) yield invalid(`${path}.kind`, kind, text)
}

function* validateApiVersion(apiVersion: string, field: string): Iterable<FieldError> {
  if (!apiVersion) return yield required(field)
  const parts = apiVersion.split('/')
  if (parts.length > 2) return yield invalid(field, apiVersion, `unexpected GroupVersion string: ${apiVersion}`)
  const version = parts.at(-1) ?? ''
  const group = parts.length > 1 ? (parts[0] ?? '') : ''
  const wrongGroup = group ? isDns1123Subdomain(group) : []
  if (wrongGroup.length > 0) yield invalid(field, group, wrongGroup.join(','))
  if (!version) return yield invalid(field, apiVersion, 'version must be specified')
  const wrong = isDns1035Label(version)
  if (wrong.length > 0) yield invalid(field, version, wrong.join(','))
}
