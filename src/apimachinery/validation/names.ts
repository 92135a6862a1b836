/**
 * The formats of names, keys and values (upstream's util/validation and api/validate/content). Each check returns
 * what is wrong in upstream's words, and nothing for a good value.
 */

const DNS1123_LABEL = '[a-z0-9]([-a-z0-9]*[a-z0-9])?'
const DNS1123_LABEL_UNDERSCORE = '_?[a-z0-9]([-_a-z0-9]*[a-z0-9])?'
const DNS1123_SUBDOMAIN = `${DNS1123_LABEL}(\\.${DNS1123_LABEL})*`
const DNS1123_SUBDOMAIN_UNDERSCORE = `${DNS1123_LABEL_UNDERSCORE}(\\.${DNS1123_LABEL_UNDERSCORE})*`
const DNS1035_LABEL = '[a-z]([-a-z0-9]*[a-z0-9])?'
const WILDCARD_SUBDOMAIN = `\\*\\.${DNS1123_SUBDOMAIN}`
const LABEL_KEY = '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]'
const LABEL_VALUE = `(${LABEL_KEY})?`
const C_IDENTIFIER = '[A-Za-z_][A-Za-z0-9_]*'
const HTTP_HEADER_NAME = '[-A-Za-z0-9]+'
const ENV_VAR_NAME = '[-._a-zA-Z][-._a-zA-Z0-9]*'
const CONFIG_MAP_KEY = '[-._a-zA-Z0-9]+'
const PERCENT = '[0-9]+%'

/** Every format has a much smaller limit; a text beyond this is not run through the backtracking matcher. */
const LONGEST_MATCHED = 10_000

/** A format whose violation is told by its rule, examples and regular expression. */
interface Format {
  readonly test: RegExp
  readonly failure: string
}

function format(pattern: string, rule: string, ...examples: string[]): Format {
  return { test: new RegExp(`^(?:${pattern})$`), failure: regexMessage(rule, pattern, ...examples) }
}

const SUBDOMAIN_RULE =
  "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character"
const LABEL_KEY_RULE =
  "must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character"

const FORMATS = {
  dns1123Label: format(
    DNS1123_LABEL,
    "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and end with an alphanumeric character",
    'my-name',
    '123-abc',
  ),
  dns1123Subdomain: format(DNS1123_SUBDOMAIN, SUBDOMAIN_RULE, 'example.com'),
  dns1123SubdomainUnderscore: format(
    DNS1123_SUBDOMAIN_UNDERSCORE,
    "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '_', '-' or '.', and must start and end with an alphanumeric character",
    'example.com',
  ),
  dns1035Label: format(
    DNS1035_LABEL,
    "a DNS-1035 label must consist of lower case alphanumeric characters or '-', start with an alphabetic character, and end with an alphanumeric character",
    'my-name',
    'abc-123',
  ),
  wildcardSubdomain: format(
    WILDCARD_SUBDOMAIN,
    "a wildcard DNS-1123 subdomain must start with '*.', followed by a valid DNS subdomain, which must consist of lower case alphanumeric characters, '-' or '.' and end with an alphanumeric character",
    '*.example.com',
  ),
  labelKey: format(LABEL_KEY, LABEL_KEY_RULE, 'MyName', 'my.name', '123-abc'),
  labelValue: format(
    LABEL_VALUE,
    "a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character",
    'MyValue',
    'my_value',
    '12345',
  ),
  cIdentifier: format(
    C_IDENTIFIER,
    "a valid C identifier must start with alphabetic character or '_', followed by a string of alphanumeric characters or '_'",
    'my_name',
    'MY_NAME',
    'MyName',
  ),
  httpHeaderName: format(
    HTTP_HEADER_NAME,
    "a valid HTTP header must consist of alphanumeric characters or '-'",
    'X-Header-Name',
  ),
  envVarName: format(
    ENV_VAR_NAME,
    "a valid environment variable name must consist of alphabetic characters, digits, '_', '-', or '.', and must not start with a digit",
    'my.env-name',
    'MY_ENV.NAME',
    'MyEnvName1',
  ),
  configMapKey: format(
    CONFIG_MAP_KEY,
    "a valid config key must consist of alphanumeric characters, '-', '_' or '.'",
    'key.name',
    'KEY_NAME',
    'key-name',
  ),
  percent: format(PERCENT, "a valid percent string must be a numeric string followed by an ending '%'", '1%', '93%'),
} satisfies Record<string, Format>

/** The text of a failed format: the rule, examples, and the pattern. */
export function regexMessage(rule: string, pattern: string, ...examples: string[]): string {
  const shown = examples.map((example) => `'${example}', `).join(' or ')
  return examples.length > 0
    ? `${rule} (e.g. ${shown}regex used for validation is '${pattern}')`
    : `${rule} (regex used for validation is '${pattern}')`
}

/** Length in bytes of the UTF-8 form, which is what upstream's limits count. */
export function byteLength(text: string): number {
  let bytes = text.length
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i)
    if (code >= 0x80) bytes++
    if (code >= 0x800 && (code < 0xd800 || code > 0xdfff)) bytes++
  }
  return bytes
}

const tooManyCharacters = (max: number): string => `must be no more than ${max} characters`
const tooManyBytes = (max: number): string => `must be no more than ${max} bytes`

function check(value: string, { test, failure }: Format, max = Infinity, tooLong = tooManyCharacters): string[] {
  const problems: string[] = []
  if (value.length * 3 > max && byteLength(value) > max) problems.push(tooLong(max))
  if (value.length <= LONGEST_MATCHED && !test.test(value)) problems.push(failure)
  return problems
}

/** A DNS label (RFC 1123): names of namespaces, containers, ports. */
export function isDns1123Label(value: string): string[] {
  const problems = check(value, FORMATS.dns1123Label, 63)
  if (problems.at(-1) === FORMATS.dns1123Label.failure && FORMATS.dns1123Subdomain.test.test(value))
    problems[problems.length - 1] = 'must not contain dots'
  return problems
}

/** A DNS subdomain (RFC 1123): most objects' names. */
export const isDns1123Subdomain = (value: string): string[] => check(value, FORMATS.dns1123Subdomain, 253)

/** A DNS subdomain that may have underscores (relaxed search paths). */
export const isDns1123SubdomainWithUnderscore = (value: string): string[] =>
  check(value, FORMATS.dns1123SubdomainUnderscore, 253)

/** A DNS label of RFC 1035, which starts with a letter: names of Services. */
export const isDns1035Label = (value: string): string[] => check(value, FORMATS.dns1035Label, 63)

/** `*.` and a DNS subdomain: Ingress hosts. */
export const isWildcardDns1123Subdomain = (value: string): string[] => check(value, FORMATS.wildcardSubdomain, 253)

/** The key of a label, annotation, taint, or resource: an optional DNS prefix and a name of at most 63 characters. */
export function isQualifiedName(value: string): string[] {
  const parts = value.split('/')
  const name = parts.at(-1) ?? ''
  if (parts.length > 2)
    return [
      `a valid label key ${FORMATS.labelKey.failure} with an optional DNS subdomain prefix and '/' (e.g. 'example.com/MyName')`,
    ]
  const problems = parts.length === 2 ? prefixProblems(parts[0] ?? '') : []
  if (name === '') problems.push('name part must be non-empty')
  else if (byteLength(name) > 63) problems.push(`name part ${tooManyBytes(63)}`)
  if (!FORMATS.labelKey.test.test(name)) problems.push(`name part ${FORMATS.labelKey.failure}`)
  return problems
}

function prefixProblems(prefix: string): string[] {
  if (prefix === '') return ['prefix part must be non-empty']
  return check(prefix, FORMATS.dns1123Subdomain, 253, tooManyBytes).map((problem) => `prefix part ${problem}`)
}

/** The value of a label: at most 63 characters, may be empty. */
export const isLabelValue = (value: string): string[] => check(value, FORMATS.labelValue, 63, tooManyBytes)

/** An identifier of C. */
export const isCIdentifier = (value: string): string[] => check(value, FORMATS.cIdentifier)

/** The name of an HTTP header. */
export const isHttpHeaderName = (value: string): string[] => check(value, FORMATS.httpHeaderName)

/** `12%`. */
export const isValidPercent = (value: string): string[] => check(value, FORMATS.percent)

/** The name of an environment variable by the strict rule. */
export const isEnvVarName = (value: string): string[] => [...check(value, FORMATS.envVarName), ...dotDirectory(value)]

/** The name of an environment variable by the relaxed rule: any printable ASCII but `=`. */
export function isRelaxedEnvVarName(value: string): string[] {
  if (value === '') return ['environment variable name must be non-empty']
  if (/^[ -<>-~]+$/.test(value)) return []
  return ["a valid environment variable name must consist only of printable ASCII characters other than '='"]
}

/** A key of a ConfigMap or Secret; it becomes the name of a file. */
export const isConfigMapKey = (value: string): string[] => [
  ...check(value, FORMATS.configMapKey, 253),
  ...dotDirectory(value),
]

function dotDirectory(value: string): string[] {
  if (value === '.') return ["must not be '.'"]
  if (value === '..') return ["must not be '..'"]
  return value.startsWith('..') ? ["must not start with '..'"] : []
}

/** The name of a port (IANA_SVC_NAME): at most 15 lower-case letters, digits and hyphens, at least one letter. */
export function isPortName(port: string): string[] {
  const problems: string[] = []
  if (byteLength(port) > 15) problems.push(tooManyCharacters(15))
  if (!/^[-a-z0-9]+$/.test(port))
    problems.push('must contain only alpha-numeric characters (a-z, 0-9), and hyphens (-)')
  if (!/[a-z]/.test(port)) problems.push('must contain at least one letter (a-z)')
  if (port.includes('--')) problems.push('must not contain consecutive hyphens')
  if (/^-|-$/.test(port)) problems.push('must not begin or end with a hyphen')
  return problems
}

/** Whether `value` is between `min` and `max`. */
export const isInRange = (value: number, min: number, max: number): string[] =>
  value >= min && value <= max ? [] : [`must be between ${min} and ${max}, inclusive`]

/** A TCP, UDP or SCTP port number. */
export const isPortNumber = (port: number): string[] => isInRange(port, 1, 65535)

/** A numeric user or group id. */
export const isUserOrGroupId = (id: number): string[] => isInRange(id, 0, 2147483647)

/** A name that can stand as one segment of a URL path: RBAC objects, custom names. */
export function isPathSegmentName(name: string): string[] {
  if (name === '.' || name === '..') return [`may not be '${name}'`]
  return isPathSegmentPrefix(name)
}

/** The beginning of a path segment. */
export const isPathSegmentPrefix = (name: string): string[] =>
  ['/', '%'].filter((char) => name.includes(char)).map((char) => `may not contain '${char}'`)

/** Checks an object's name; `prefix` is true for a generateName, where a trailing dash stands for what is added. */
export type NameCheck = (name: string, prefix: boolean) => string[]

const generated =
  (checkName: (name: string) => string[]): NameCheck =>
  (name, prefix) =>
    checkName(prefix && name.length > 1 && name.endsWith('-') ? `${name.slice(0, -2)}a` : name)

/** NameIsDNSSubdomain: what most kinds use. */
export const nameIsDnsSubdomain: NameCheck = generated(isDns1123Subdomain)
/** NameIsDNSLabel: Namespace. */
export const nameIsDnsLabel: NameCheck = generated(isDns1123Label)
/** NameIsDNS1035Label: Service. */
export const nameIsDns1035Label: NameCheck = generated(isDns1035Label)
/** Path segment names: RBAC. */
export const nameIsPathSegment: NameCheck = (name, prefix) =>
  prefix ? isPathSegmentPrefix(name) : isPathSegmentName(name)
