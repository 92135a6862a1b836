import { duplicate, type FieldError, invalid } from '../../../apimachinery/status.ts'
import { isDns1123Label, isDns1123Subdomain } from '../../../apimachinery/validation/names.ts'
import { isLevel, type Level, LEVEL_PROBLEM, minorOf, MODES, type Policy, VERSION_PROBLEM } from './policy.ts'

/** What PodSecurity does for namespaces that say nothing, and whom it lets through unseen. */
export interface PodSecurityConfig {
  readonly defaults: Policy
  readonly exemptions: PodSecurityExemptions
}

export interface PodSecurityExemptions {
  readonly usernames: readonly string[]
  readonly namespaces: readonly string[]
  readonly runtimeClasses: readonly string[]
}

/** The spec of pod-security.admission.config.k8s.io PodSecurityConfiguration, as it was decoded. */
export interface PodSecurityConfiguration {
  readonly defaults?: Readonly<Record<string, string>>
  readonly exemptions?: Partial<PodSecurityExemptions>
}

/** A configuration that was read, and cannot be meant. */
export class PolicyProblem extends Error {}

/** The defaults as levels. Throws a PolicyProblem in upstream's words. */
export function podSecurityConfig({ defaults = {}, exemptions = {} }: PodSecurityConfiguration): PodSecurityConfig {
  const level = (mode: string): string => defaults[mode] || 'privileged'
  const version = (mode: string): string => defaults[`${mode}-version`] || 'latest'
  const problems = MODES.flatMap((mode) => [
    ...(isLevel(level(mode)) ? [] : [`${mode}: ${LEVEL_PROBLEM}`]),
    ...(minorOf(version(mode)) === undefined ? [`${mode}-version: ${VERSION_PROBLEM}`] : []),
  ])
  if (problems.length > 0) throw new PolicyProblem(`PodSecurity configuration error: ${listed(problems)}`)
  const { usernames = [], namespaces = [], runtimeClasses = [] } = exemptions
  const errors = [
    ...each('namespaces', namespaces, (name) => isDns1123Label(name).join(', ')),
    ...each('runtimeClasses', runtimeClasses, (name) => isDns1123Subdomain(name).join(', ')),
    ...each('usernames', usernames, (name) => (name === '' ? 'username must not be empty' : '')),
  ]
  if (errors.length > 0)
    throw new PolicyProblem(
      `PodSecurity invalid: ${listed(errors.map(({ field, message }) => `${field}: ${message}`))}`,
    )
  const policy = MODES.map((mode) => [mode, { level: level(mode) as Level, minor: minorOf(version(mode)) ?? Infinity }])
  return { defaults: Object.fromEntries(policy) as Policy, exemptions: { usernames, namespaces, runtimeClasses } }
}

function listed(problems: readonly string[]): string {
  return problems.length === 1 ? (problems[0] ?? '') : `[${problems.join(', ')}]`
}

function* each(field: string, names: readonly string[], problem: (name: string) => string): Iterable<FieldError> {
  for (const [index, name] of names.entries()) {
    const at = `exemptions.${field}[${index}]`
    const why = problem(name)
    if (why) yield invalid(at, name, why)
    else if (names.indexOf(name) < index) yield duplicate(at, name)
  }
}
