import { type FieldError } from '../../../apimachinery/status.ts'
import { DecodeError } from '../../../apimachinery/codec/errors.ts'
import { decodeConfig } from '../../config/decode.ts'
import { AUTHENTICATION_CONFIGURATION, type AuthenticationConfiguration } from './schema.ts'

/** Reads an AuthenticationConfiguration, YAML or JSON. Throws a DecodeError in upstream's words; nothing is validated. */
export function loadAuthenticationConfiguration(bytes: Uint8Array): AuthenticationConfiguration {
  if (bytes.length === 0) throw new DecodeError('empty config data')
  const { object, kind } = decodeConfig(bytes, AUTHENTICATION_CONFIGURATION)
  if (kind !== 'AuthenticationConfiguration') {
    throw new DecodeError(`expected AuthenticationConfiguration, got *apiserver.${kind}`)
  }
  return object
}

/** Field errors as upstream's aggregate words them: one as it is, several in brackets, each once; undefined for none. */
export function aggregatedFields(errors: Iterable<FieldError>): string | undefined {
  const texts = [...new Set([...errors].map(({ field, message }) => `${field}: ${message}`))]
  if (texts.length === 0) return undefined
  return texts.length === 1 ? texts[0] : `[${texts.join(', ')}]`
}
