import type { Frozen } from '../../../apimachinery/meta.ts'
import type { JsonSchema } from '../../../apimachinery/structural/json-schema.ts'
import { isRecognized } from '../../../apimachinery/structural/types.ts'
import { goQuote } from '../../../lib/quote.ts'
import type { CustomResourceDefinition } from '../../generated/types/apiextensions/v1.ts'

/** Formats that nobody checks, and that were not there before. */
export function warnAboutFormats(
  crd: Frozen<CustomResourceDefinition>,
  old?: Frozen<CustomResourceDefinition>,
): string[] {
  const before = new Set(old ? formatsOf(old) : [])
  return formatsOf(crd)
    .filter((format) => !before.has(format))
    .map((format) => `unrecognized format ${goQuote(format)}`)
}

function formatsOf({ spec }: Frozen<CustomResourceDefinition>): string[] {
  return (spec.versions ?? []).flatMap(({ schema }) => [...unknownFormats(schema?.openAPIV3Schema as JsonSchema)])
}

function* unknownFormats(schema: JsonSchema | undefined): Iterable<string> {
  if (!schema) return
  // The type of int-or-string is not one that formats are for.
  const { format, type = '' } = schema
  if (format && !isRecognized({ type }, format)) yield format
  const { properties = {}, additionalProperties, items, allOf = [], anyOf = [], oneOf = [], not } = schema
  const nested = [...(items ? [items] : []), ...allOf, ...oneOf, ...anyOf, ...(not ? [not] : [])]
  for (const one of [...nested, ...Object.values(properties)]) yield* unknownFormats(one)
  if (typeof additionalProperties === 'object') yield* unknownFormats(additionalProperties)
}
