import { createHash } from 'node:crypto'
import { DecodeError } from '../../../apimachinery/codec/errors.ts'
import { aggregate } from '../../../apimachinery/labels/selector.ts'
import { isDns1123Subdomain } from '../../../apimachinery/validation/names.ts'
import { decode, encode } from '../../etcd/codec.ts'
import { TransformError } from '../transformer.ts'
import { encryptedObject, SOURCE, type EncryptedObject } from './messages.ts'

const MAX_ANNOTATIONS_BYTES = 32 * 1024
const MAX_KEY_ID_BYTES = 1024
const MAX_SOURCE_BYTES = 1024

/** What is kept of a value, read and checked. Throws TransformError. */
export function decodeObject(bytes: Uint8Array): EncryptedObject {
  try {
    const object = decode(encryptedObject, bytes) as EncryptedObject
    checkObject(object)
    return object
  } catch (error) {
    if (error instanceof DecodeError) throw new TransformError(error.message, { cause: error })
    throw error
  }
}

/** The bytes of it, as Go writes them: in order, nothing that is empty. */
export function encodeObject(object: EncryptedObject): Uint8Array {
  checkObject(object)
  return encode(encryptedObject, { ...object, sourceType: object.sourceType === 0 ? undefined : object.sourceType })
}

/** Throws TransformError for what upstream would neither write nor read. */
export function checkObject({ sourceType, encryptedData, encryptedSource, keyId, annotations }: EncryptedObject): void {
  if (sourceType !== SOURCE.key && sourceType !== SOURCE.seed)
    throw new TransformError(`unknown encryptedDEKSourceType: ${sourceType}`)
  if (encryptedData.length === 0) throw new TransformError('encrypted data is empty')
  const source = sourceProblem(encryptedSource)
  if (source) throw new TransformError(`failed to validate encrypted DEK source: ${source}`)
  const id = keyIdProblem(keyId)
  if (id) throw new TransformError(`failed to validate key id: ${id.text}`)
  const problems = annotationProblems(annotations)
  if (problems.length > 0) throw new TransformError(`failed to validate annotations: ${aggregate(problems)}`)
}

function sourceProblem({ length }: Uint8Array): string | undefined {
  if (length === 0) return 'encrypted DEK source is empty'
  if (length <= MAX_SOURCE_BYTES) return undefined
  return `encrypted DEK source is ${length} bytes, which exceeds the max size of ${MAX_SOURCE_BYTES}`
}

/** What is wrong with a key's id, with upstream's name of it for metrics. */
export function keyIdProblem(
  keyId: string,
): { readonly code: 'empty' | 'too_long'; readonly text: string } | undefined {
  const length = Buffer.byteLength(keyId)
  if (length === 0) return { code: 'empty', text: 'keyID is empty' }
  if (length <= MAX_KEY_ID_BYTES) return undefined
  return { code: 'too_long', text: `keyID is ${length} bytes, which exceeds the max size of ${MAX_KEY_ID_BYTES}` }
}

function annotationProblems(annotations: EncryptedObject['annotations']): string[] {
  const problems = annotations.flatMap(({ key }) => {
    const wrong = domainProblems(key)
    return wrong.length > 0
      ? [aggregate(wrong.map((text) => `annotations: Invalid value: ${JSON.stringify(key)}: ${text}`))]
      : []
  })
  const size = annotations.reduce((sum, { key, value }) => sum + Buffer.byteLength(key) + value.length, 0)
  if (size <= MAX_ANNOTATIONS_BYTES) return problems
  return [...problems, `total size of annotations is ${size}, which exceeds the max size of ${MAX_ANNOTATIONS_BYTES}`]
}

/** Upstream's IsFullyQualifiedDomainName. */
function domainProblems(name: string): string[] {
  if (name === '') return ['Required value']
  const bare = name.endsWith('.') ? name.slice(0, -1) : name
  const problems = isDns1123Subdomain(bare)
  if (problems.length > 0) return problems
  return bare.includes('.') ? [] : ['should be a domain with at least two segments separated by dots']
}

/** Tells keys apart by all that the key service is told of them. */
export function sourceId({ sourceType, encryptedSource, keyId, annotations }: EncryptedObject): string {
  const hash = createHash('sha256').update(`${sourceType} ${encryptedSource.length} `).update(encryptedSource)
  hash.update(`${Buffer.byteLength(keyId)} ${keyId}`)
  for (const { key, value } of annotations.toSorted((a, b) => (a.key < b.key ? -1 : 1))) {
    hash.update(`${Buffer.byteLength(key)} ${key} ${value.length} `).update(value)
  }
  return hash.digest('base64')
}

/** How keys' ids stand in messages and metrics. */
export function hashOf(text: string): string {
  return text === '' ? '' : `sha256:${createHash('sha256').update(text).digest('hex')}`
}
