import { type FieldError, invalid, required, tooLong } from '../../../apimachinery/status.ts'
import { isCIdentifier } from '../../../apimachinery/validation/names.ts'
import { dns1123Subdomain, problems } from '../../checks.ts'
import { validateDriverName } from '../../core/v1/pod-spec/attached-sources.ts'

const MAX_ID = 32
const MAX_POOL = 253

/** A pool: names of objects, separated by slashes. */
export function* validatePoolName(field: string, name: string): Iterable<FieldError> {
  if (!name) return yield required(field)
  if (name.length > MAX_POOL) yield tooLong(field, MAX_POOL)
  for (const part of name.split('/')) yield* dns1123Subdomain(field, part)
}

/** `name`, or `example.com/name`, of an attribute or a capacity. */
export function* validateAttributeName(field: string, name: string): Iterable<FieldError> {
  const parts = name.split('/')
  const [domain = '', id = ''] = parts
  if (parts.length === 1) yield* validateId(field, domain)
  if (parts.length !== 2) return
  if (domain) yield* validateDriverName(field, domain)
  else yield invalid(field, '', 'the domain must not be empty')
  if (id) yield* validateId(field, id)
  else yield invalid(field, '', 'the name must not be empty')
}

/** With a domain. */
export function* validateFullName(field: string, name: string): Iterable<FieldError> {
  yield* validateAttributeName(field, name)
  if (!name.includes('/')) {
    yield invalid(field, name, 'a fully qualified name must be a domain and a name separated by a slash')
  }
}

function* validateId(field: string, id: string): Iterable<FieldError> {
  if (id.length > MAX_ID) yield tooLong(field, MAX_ID)
  yield* problems(field, id, isCIdentifier(id))
}

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/

/** A UID in its normal form. */
export function validateUid(field: string, uid: string): FieldError[] {
  if (UUID.test(uid)) return []
  if (!UUID.test(uid.toLowerCase())) {
    return [invalid(field, uid, `error validating uid: invalid UUID length: ${uid.length}`)]
  }
  const form = '`xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx` with lowercase hexadecimal characters'
  return [invalid(field, uid, `uid must be in RFC 4122 normalized form, ${form}`)]
}
