import { DecodeError } from '../../../apimachinery/codec/errors.ts'
import { aggregate } from '../../../apimachinery/labels/selector.ts'
import { goQuote } from '../../../lib/quote.ts'
import { decodeConfig } from '../decode.ts'
import { ENCRYPTION_KINDS, type EncryptionConfiguration, type KmsConfiguration } from './types.ts'
import { validateEncryption } from './validate.ts'

/** A configuration that cannot be used, in upstream's words. It quotes no key. */
export class EncryptionConfigError extends Error {
  constructor(message: string, options?: ErrorOptions) {
    super(message, options)
    this.name = 'EncryptionConfigError'
  }
}

/** Decodes, defaults and validates what stands in `file`. Throws EncryptionConfigError. */
export function readEncryptionConfig(body: Uint8Array, file: string, reload: boolean): EncryptionConfiguration {
  const failed = (why: string, cause?: unknown): EncryptionConfigError =>
    new EncryptionConfigError(`error while parsing file: ${why}`, { cause })
  if (body.length === 0) {
    throw failed(`error while loading file: encryption provider configuration file ${goQuote(file)} is empty`)
  }
  const config = defaulted(
    decoded(body, (why) => `error decoding encryption provider configuration file ${goQuote(file)}: ${why}`),
  )
  const problems = [...validateEncryption(config, reload)].map(({ field, message }) => `${field}: ${message}`)
  if (problems.length > 0) throw failed(aggregate(problems))
  return config

  function decoded(bytes: Uint8Array, said: (why: string) => string): EncryptionConfiguration {
    try {
      const { kind, apiVersion, object } = decodeConfig(bytes, ENCRYPTION_KINDS)
      if (kind.startsWith('Encryption')) return object as unknown as EncryptionConfiguration
      throw failed(`got unexpected config type: ${apiVersion}, Kind=${kind}`)
    } catch (error) {
      if (error instanceof DecodeError) throw failed(said(error.message), error)
      throw error
    }
  }
}

function defaulted(config: EncryptionConfiguration): EncryptionConfiguration {
  const resources = config.resources?.map((entry) => ({
    ...entry,
    ...(entry.providers && {
      providers: entry.providers.map(({ kms, ...others }) => (kms ? { ...others, kms: defaultedKms(kms) } : others)),
    }),
  }))
  return { ...(resources && { resources }) }
}

const DEFAULT_CACHE_SIZE = 1000

function defaultedKms(written: Partial<KmsConfiguration>): KmsConfiguration {
  const apiVersion = written.apiVersion || 'v1'
  const cachesize = written.cachesize ?? (apiVersion === 'v1' ? DEFAULT_CACHE_SIZE : undefined)
  const { timeout = '3s' } = written
  return { ...written, apiVersion, timeout, ...(cachesize !== undefined && { cachesize }) }
}
