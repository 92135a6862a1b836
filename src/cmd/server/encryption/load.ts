import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { EncryptionConfigError, readEncryptionConfig } from '../../../apiserver/config/encryption/read.ts'
import type { EncryptionConfiguration, ResourceConfiguration } from '../../../apiserver/config/encryption/types.ts'
import { UserError } from '../../../host/user-error.ts'
import { goQuote } from '../../../lib/quote.ts'
import { parseResource, resourceName } from '../../../store/encryption/resources.ts'
import { goReason } from '../api-config/refusals.ts'

/** A configuration as it was read of its file. */
export interface LoadedEncryption {
  readonly file: string
  readonly config: EncryptionConfiguration
  /** Of the file's bytes: what it said is not remembered beyond the keys that it led to. */
  readonly hash: string
}

const KMS_V1 =
  'KMSv1 is deprecated and will only receive security updates going forward. Use KMSv2 instead.  Set --feature-gates=KMSv1=true to use the deprecated KMSv1 feature.'

/** Reads and checks it. Throws a UserError in upstream's words. */
export function loadEncryption(file: string, reload: boolean): LoadedEncryption {
  const bytes = bytesOf(file)
  try {
    const config = readEncryptionConfig(bytes, file, reload)
    checkUsable(config)
    return { file, config, hash: hashOfBytes(bytes) }
  } catch (error) {
    if (error instanceof EncryptionConfigError) throw new UserError(error.message, { cause: error })
    throw error
  }
}

/** The hash of what the file says now. Throws a UserError when it cannot be read. */
export function encryptionHash(file: string): string {
  return hashOfBytes(bytesOf(file))
}

function bytesOf(file: string): Buffer {
  try {
    return readFileSync(file)
  } catch (error) {
    const why = `error reading encryption provider configuration file ${goQuote(file)}: open ${file}: ${goReason(error)}`
    throw new UserError(`error while parsing file: error while loading file: ${why}`)
  }
}

function hashOfBytes(bytes: Uint8Array): string {
  return `sha256:${createHash('sha256').update(bytes).digest('hex')}`
}

/** What is right in itself and cannot be used all the same. */
function checkUsable({ resources = [] }: EncryptionConfiguration): void {
  const named = new Set<string>()
  for (const entry of resources) {
    checkProviders(entry)
    for (const name of entry.resources ?? []) checkMasked(name, named)
  }
}

function checkProviders({ providers = [] }: ResourceConfiguration): void {
  if (providers.some(({ kms }) => kms?.apiVersion === 'v1'))
    throw new EncryptionConfigError(`error while building transformers: ${KMS_V1}`)
}

/** Earlier entries hide later ones, which upstream does not let stand. */
function checkMasked(name: string, named: Set<string>): void {
  const resource = parseResource(name)
  for (const earlier of [resourceName({ group: resource.group, resource: '*' }), '*.*']) {
    if (!named.has(earlier)) continue
    const what = goQuote(resourceName(resource))
    throw new EncryptionConfigError(
      `error while building transformers: resource ${what} is masked by earlier rule ${goQuote(earlier)}`,
    )
  }
  named.add(resourceName(resource))
}
