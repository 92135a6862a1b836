import { goTypeOf } from '../../../apimachinery/go-type.ts'
import type { KubeObject } from '../../../apimachinery/meta.ts'
import type { FieldError } from '../../../apimachinery/status.ts'
import { validateAnnotations, validateLabels } from '../../../apimachinery/validation/meta.ts'
import { equalJson, isJsonObject } from '../../../lib/json-value.ts'
import { goQuote } from '../../../lib/quote.ts'

const GROUP = 'apiextensions.k8s.io'

/** A webhook's answer that cannot be used, in the words of upstream's converter. */
export class BadConversion extends Error {}

/** `group/version, Kind=kind`, as Go prints what kind an object is. */
export function goKind({
  apiVersion = '',
  kind = '',
}: {
  readonly apiVersion?: unknown
  readonly kind?: unknown
}): string {
  return `${String(apiVersion) || '/'}, Kind=${String(kind)}`
}

interface Asked {
  readonly uid: string
  /** Of ConversionReview. */
  readonly version: string
}

/** The converted objects of an answer that is one. Throws what upstream puts behind `failed: `. */
export function convertedObjects(answer: unknown, { uid, version }: Asked): readonly unknown[] {
  const review = isJsonObject(answer) ? answer : {}
  checkKind(review, version)
  const { response } = review
  if (!isJsonObject(response)) throw new BadConversion('no response provided')
  if (version === 'v1' && response['uid'] !== uid) {
    throw new BadConversion(`expected response.uid=${goQuote(uid)}, got ${goQuote(textOf(response['uid']))}`)
  }
  const { status = '', message = '' } = isJsonObject(response['result']) ? response['result'] : {}
  if (status !== 'Success') {
    throw new BadConversion(String(message) || `response.result.status was '${String(status)}', not 'Success'`)
  }
  const { convertedObjects: objects } = response
  return Array.isArray(objects) ? (objects as unknown[]) : []
}

function checkKind(review: Record<string, unknown>, version: string): void {
  const { apiVersion = '', kind = '' } = review
  const wanted = `${GROUP}/${version}`
  if (apiVersion === wanted && kind === 'ConversionReview') return
  if (apiVersion === '' && kind === '') {
    if (version !== 'v1') return
    throw new BadConversion(`expected webhook response of ${wanted}, Kind=ConversionReview, got /, Kind=`)
  }
  const other = String(apiVersion).split('/').at(-1) ?? ''
  const isReview = kind === 'ConversionReview' && [`${GROUP}/v1`, `${GROUP}/v1beta1`].includes(String(apiVersion))
  throw new BadConversion(
    isReview
      ? `converting (${other}.ConversionReview) to (${version}.ConversionReview): unknown conversion`
      : `no kind ${goQuote(String(kind))} is registered for version ${goQuote(String(apiVersion))} in scheme "pkg/runtime/scheme.go:111"`,
  )
}

/** A converted object with the original's metadata, of which only labels and annotations may change. Throws. */
export function acceptConverted(original: KubeObject, converted: unknown, apiVersion: string): KubeObject {
  if (!isJsonObject(converted)) throw new BadConversion('unexpected end of JSON input')
  if (!converted['kind']) throw new BadConversion(`Object 'Kind' is missing in '${JSON.stringify(converted)}'`)
  const prefix = `conversion webhook for ${goKind(original as { apiVersion?: string; kind?: string })} returned invalid`
  const refuse = (why: string): BadConversion => new BadConversion(`${prefix} ${why}`)
  const { apiVersion: received = '', kind } = converted
  if (received !== apiVersion) {
    const versions = `(expected ${apiVersion}, received ${String(received)})`
    throw refuse(`object at index 0: invalid groupVersion ${versions}`)
  }
  const wanted = (original as { kind?: string }).kind ?? ''
  if (kind !== wanted) throw refuse(`object at index 0: invalid kind (expected ${wanted}, received ${textOf(kind)})`)
  const metadata = converted['metadata']
  const own = isJsonObject(metadata) ? metadata : {}
  for (const [field, name] of [
    ['name', 'name'],
    ['namespace', 'namespace'],
    ['uid', 'UID'],
  ] as const) {
    const [before, after] = [original.metadata[field] ?? '', textOf(own[field])]
    if (before !== after) throw refuse(`object: must have the same ${name}: ${before} != ${after}`)
  }
  if (metadata === undefined) throw refuse('metadata: missing metadata in converted object')
  try {
    return { ...converted, metadata: restored(original, own) } as unknown as KubeObject
  } catch (error) {
    throw error instanceof BadConversion ? refuse(`metadata: ${error.message}`) : error
  }
}

function restored({ metadata }: KubeObject, converted: Record<string, unknown>): KubeObject['metadata'] {
  const kept = { ...metadata }
  for (const field of ['labels', 'annotations'] as const) {
    const texts = textsOf(converted[field], field)
    if (!texts) {
      delete kept[field]
      continue
    }
    if (!equalJson(texts, kept[field] ?? {})) checkTexts(texts, field)
    kept[field] = texts
  }
  return kept
}

function textsOf(value: unknown, field: string): Record<string, string> | undefined {
  if (value === undefined || value === null) return undefined
  if (!isJsonObject(value))
    throw new BadConversion(`invalid metadata.${field} of type ${goTypeOf(value)} in converted object`)
  for (const [key, text] of Object.entries(value)) {
    if (typeof text === 'string') continue
    throw new BadConversion(`metadata.${field}[${key}] must be a string, but is ${goTypeOf(text)} in converted object`)
  }
  return value as Record<string, string>
}

function checkTexts(texts: Record<string, string>, field: 'labels' | 'annotations'): void {
  const errors =
    field === 'labels' ? validateLabels(texts, 'metadata.labels') : validateAnnotations(texts, 'metadata.annotation')
  const found = errors.map(({ field: at, message }: FieldError) => `${at}: ${message}`)
  if (found.length > 0) throw new BadConversion(found.length === 1 ? (found[0] ?? '') : `[${found.join(', ')}]`)
}

/** A string; '' for anything else. */
function textOf(value: unknown): string {
  return typeof value === 'string' ? value : ''
}
