import { type FieldError, invalid } from '../../../apimachinery/status.ts'
import { BASELINE } from './baseline.ts'
import type { PodLike, Violation } from './check.ts'
import { RESTRICTED } from './restricted.ts'

const LEVELS = ['privileged', 'baseline', 'restricted'] as const
export type Level = (typeof LEVELS)[number]
export const MODES = ['enforce', 'audit', 'warn'] as const
export type Mode = (typeof MODES)[number]

/** A level of the Pod Security Standards, as of a version. */
export interface LevelVersion {
  readonly level: Level
  /** A minor version of Kubernetes 1; Infinity for the latest. */
  readonly minor: number
}

/** What a namespace asks for. */
export type Policy = Readonly<Record<Mode, LevelVersion>>

export const PREFIX = 'pod-security.kubernetes.io/'
const LATEST = Infinity
/** What this release calls latest. */
const NEWEST = 36
const PRIVILEGED: LevelVersion = { level: 'privileged', minor: LATEST }

/** Of namespaces that say nothing, unless the configuration says otherwise. */
export const FULLY_PRIVILEGED: Policy = { enforce: PRIVILEGED, audit: PRIVILEGED, warn: PRIVILEGED }

/**
 * Reads a namespace's labels; what they leave open is as in `defaults` (upstream's PolicyToEvaluate). Bad ones count as the strictest to enforce,
 * as the laxest to warn and audit.
 */
export function policyOf(
  labels: Readonly<Record<string, string>> = {},
  defaults: Policy = FULLY_PRIVILEGED,
): { readonly policy: Policy; readonly errors: readonly FieldError[] } {
  const errors: FieldError[] = []
  const [enforce, audit, asked] = MODES.map((mode) => read(mode, labels, defaults[mode], errors)) as [
    LevelVersion,
    LevelVersion,
    LevelVersion,
  ]
  const told = (key: string): boolean => labels[`${PREFIX}${key}`] !== undefined
  // Who enforces a level and says nothing of warnings is warned of the same.
  const isValid = isLevel(labels[`${PREFIX}enforce`] ?? '')
  const follows = isValid && !told('warn') && rank(enforce) > rank(asked)
  const warn = follows ? { level: enforce.level, minor: told('warn-version') ? asked.minor : enforce.minor } : asked
  return { policy: { enforce, audit, warn }, errors }
}

function read(
  mode: Mode,
  labels: Readonly<Record<string, string>>,
  otherwise: LevelVersion,
  errors: FieldError[],
): LevelVersion {
  const [key, versionKey] = [`${PREFIX}${mode}`, `${PREFIX}${mode}-version`]
  const [level, version] = [labels[key], labels[versionKey]]
  const problem = (label: string, value: string, why: string): void =>
    void errors.push(invalid(`metadata.labels[${label}]`, value, why))
  if (level !== undefined && !isLevel(level)) problem(key, level, LEVEL_PROBLEM)
  const minor = version === undefined ? otherwise.minor : minorOf(version)
  if (version !== undefined && minor === undefined) problem(versionKey, version, VERSION_PROBLEM)
  const fallback = mode === 'enforce' ? 'restricted' : 'privileged'
  return {
    level: level === undefined ? otherwise.level : isLevel(level) ? level : fallback,
    minor: minor ?? LATEST,
  }
}

export const LEVEL_PROBLEM = `must be one of ${LEVELS.join(', ')}`
/** The version of a level as it is counted: nobody may make up as many as they like. */
export function toldVersion({ level, minor }: LevelVersion): string {
  if (minor === LATEST || level === 'privileged') return 'latest'
  return minor > NEWEST ? 'future' : `v1.${minor}`
}

export const VERSION_PROBLEM = 'must be "latest" or "v1.x"'

export function isLevel(text: string): text is Level {
  return (LEVELS as readonly string[]).includes(text)
}

/** Of `latest` or `v1.x`; undefined of anything else. */
export function minorOf(version: string): number | undefined {
  if (version === 'latest') return LATEST
  const minor = /^v1\.(0|[1-9][0-9]*)$/.exec(version)?.[1]
  return minor === undefined || !Number.isSafeInteger(Number(minor)) ? undefined : Number(minor)
}

/** How strict. */
export function rank({ level }: LevelVersion): number {
  return LEVELS.indexOf(level)
}

export const sameLevel = (a: LevelVersion, b: LevelVersion): boolean => a.level === b.level && a.minor === b.minor

/** `baseline:latest`, `restricted:v1.25`. */
export function policyText({ level, minor }: LevelVersion): string {
  return `${level}:${minor === LATEST ? 'latest' : `v1.${minor}`}`
}

/** What the pod does against the level. */
export function violations({ level, minor }: LevelVersion, pod: PodLike): Violation[] {
  if (level === 'privileged') return []
  const at = Math.min(minor, NEWEST)
  const restricted = level === 'restricted' ? RESTRICTED.filter(({ since }) => since <= at) : []
  const overridden = new Set(restricted.map(({ overrides }) => overrides))
  const baseline = BASELINE.filter(({ id, since }) => since <= at && !overridden.has(id))
  return [...baseline, ...restricted].flatMap((check) => check.find(pod, at) ?? [])
}

/** `privileged (container "c" must not…), hostPort (…)`. */
export function violationsText(found: readonly Violation[]): string {
  return found.map(({ reason, detail }) => (detail ? `${reason} (${detail})` : reason)).join(', ')
}
