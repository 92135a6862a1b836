import { goQuote } from '../lib/quote.ts'
import { type FieldError, invalid, required } from '../apimachinery/status.ts'
import { isDns1123Subdomain, isPortNumber } from '../apimachinery/validation/names.ts'

const FORM = '; desired format: https://host[/path]'

/** ValidateWebhookURL: https, a host and a path, and nothing else. */
export function* validateWebhookUrl(field: string, text: string): Iterable<FieldError> {
  const [, scheme = '', authority = '', , query = '', fragment = ''] =
    /^(?:([A-Za-z][A-Za-z0-9+.-]*):)?(?:\/\/([^/?#]*))?([^?#]*)(?:\?([^#]*))?(?:#(.*))?$/s.exec(text) ?? []
  if (!isParseable(text, scheme)) {
    return yield required(field, `url must be a valid URL: parse ${goQuote(text)}: invalid URL${FORM}`)
  }
  const at = authority.lastIndexOf('@')
  const host = authority.slice(at + 1)
  if (scheme.toLowerCase() !== 'https') {
    yield invalid(field, scheme.toLowerCase(), `'https' is the only allowed URL scheme${FORM}`)
  }
  if (!host) yield invalid(field, host, `host must be specified${FORM}`)
  if (at >= 0) yield invalid(field, authority.slice(0, at), 'user information is not permitted in the URL')
  if (fragment) yield invalid(field, fragment, 'fragments are not permitted in the URL')
  if (query) yield invalid(field, query, 'query parameters are not permitted in the URL')
}

const isParseable = (text: string, scheme: string): boolean =>
  // eslint-disable-next-line no-control-regex -- Go refuses control characters
  !/[\u0000-\u001f\u007f]/.test(text) && (scheme === '' || URL.canParse(text) || text.startsWith(`${scheme}:`))

interface WebhookService {
  readonly name?: string
  readonly namespace?: string
  readonly path?: string
  readonly port?: number
}

/** ValidateWebhookService, whose callers all mix up name and namespace. */
export function* validateWebhookService(field: string, service: WebhookService): Iterable<FieldError> {
  const { name, namespace, path, port = 0 } = service
  if (!namespace) yield required(`${field}.name`)
  if (!name) yield required(`${field}.namespace`)
  const wrong = isPortNumber(port)
  if (wrong.length > 0) yield invalid(`${field}.port`, port, `port is not valid: ${wrong.join(', ')}`)
  if (path && path !== '/') yield* validatePath(`${field}.path`, path)
}

function* validatePath(field: string, path: string): Iterable<FieldError> {
  if (path === '//') return yield invalid(field, path, 'segment[0] may not be empty')
  if (!path.startsWith('/')) yield invalid(field, path, "must start with a '/'")
  const steps = path.slice(1).replace(/\/$/, '').split('/')
  for (const [index, step] of steps.entries()) {
    if (step === '') yield invalid(field, path, `segment[${index}] may not be empty`)
    else for (const text of isDns1123Subdomain(step)) yield invalid(field, path, `segment[${index}]: ${text}`)
  }
}
