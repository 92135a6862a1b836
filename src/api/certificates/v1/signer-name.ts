import { type FieldError, invalid, required, tooLong } from '../../../apimachinery/status.ts'
import { isDns1123Label, isDns1123Subdomain } from '../../../apimachinery/validation/names.ts'
import { goQuote } from '../../../lib/quote.ts'

const MAX_DOMAIN = 253
const MAX_PATH = 571

/** `example.com/name` (ValidateSignerName). */
export function* validateSignerName(field: string, name: string): Iterable<FieldError> {
  if (!name) return yield required(field)
  const [domain = '', path = '', ...more] = name.split('/')
  if (!name.includes('/') || more.length > 0) {
    const text = "must be a fully qualified domain and path of the form 'example.com/signer-name'"
    return yield invalid(field, name, text)
  }
  if (domain.length > MAX_DOMAIN) yield tooLong(field, MAX_DOMAIN)
  yield* validateParts(field, domain, isDns1123Label)
  if (!domain.includes('.')) {
    yield invalid(field, domain, 'should be a domain with at least two segments separated by dots')
  }
  yield* validateParts(field, path, isDns1123Subdomain)
  if (name.length > MAX_PATH) yield tooLong(field, MAX_PATH)
}

/** Only the first part that is wrong is told of. */
function validateParts(field: string, value: string, check: (part: string) => readonly string[]): FieldError[] {
  const part = value.split('.').find((one) => check(one).length > 0)
  return part === undefined
    ? []
    : check(part).map((text) => invalid(field, value, `validating label ${goQuote(part)}: ${text}`))
}
