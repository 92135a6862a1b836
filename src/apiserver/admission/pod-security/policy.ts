import { type FieldError, invalid } from '../../../apimachinery/status.ts'
import { BASELINE } from './baseline.ts'
import type { PodLike, Violation } from './check.ts'
import { RESTRICTED } from './restricted.ts'

const LEVELS = ['privileged', 'baseline', 'restricted'] as const
type Level = (typeof LEVELS)[number]
export type Mode = 'enforce' | 'audit' | 'warn'

/** A level of the Pod Security Standards, as of a version. */
export interface LevelVersion {
  readonly level: Level
  /** A minor version of Kubernetes 1; Infinity for the latest. */
  readonly minor: number
}

/** What a namespace asks for. */
export type Policy = Readonly<Record<Mode, LevelVersion>>

const PREFIX = 'pod-security.kubernetes.io/'
const LATEST = Infinity
/** What this release calls latest. */
const NEWEST = 36
const PRIVILEGED: LevelVersion = { level: 'privileged', minor: LATEST }

/** Reads a namespace's labels (upstream's PolicyToEvaluate): bad ones count as the strictest to enforce, as the laxest to warn and audit. */
export function policyOf(labels: Readonly<Record<string, string>> = {}): {
  readonly policy: Policy
  readonly errors: readonly FieldError[]
} {
  const errors: FieldError[] = []
  const enforce = read('enforce', labels, errors)
  const audit = read('audit', labels, errors)
  let warn = read('warn', labels, errors)
  const asked = labels[`${PREFIX}enforce`]
  const isValid = asked !== undefined && isLevel(asked)
  // Who enforces a level and says nothing of warnings is warned of the same.
  if (isValid && labels[`${PREFIX}warn`] === undefined && rank(enforce) > rank(warn)) {
    warn = { level: enforce.level, minor: labels[`${PREFIX}warn-version`] === undefined ? enforce.minor : warn.minor }
  }
  return { policy: { enforce, audit, warn }, errors }
}

function read(mode: Mode, labels: Readonly<Record<string, string>>, errors: FieldError[]): LevelVersion {
  const [key, versionKey] = [`${PREFIX}${mode}`, `${PREFIX}${mode}-version`]
  const [level, version] = [labels[key], labels[versionKey]]
  const problem = (label: string, value: string, why: string): void =>
    void errors.push(invalid(`metadata.labels[${label}]`, value, why))
  if (level !== undefined && !isLevel(level)) problem(key, level, `must be one of ${LEVELS.join(', ')}`)
  const minor = version === undefined ? LATEST : minorOf(version)
  if (version !== undefined && minor === undefined) problem(versionKey, version, 'must be "latest" or "v1.x"')
  const fallback = mode === 'enforce' ? 'restricted' : 'privileged'
  return {
    level: level === undefined ? PRIVILEGED.level : isLevel(level) ? level : fallback,
    minor: minor ?? LATEST,
  }
}

function isLevel(text: string): text is Level {
  return (LEVELS as readonly string[]).includes(text)
}

function minorOf(version: string): number | undefined {
  if (version === 'latest') return LATEST
  const minor = /^v1\.(0|[1-9][0-9]*)$/.exec(version)?.[1]
  return minor === undefined ? undefined : Number(minor)
}

/** How strict. */
export function rank({ level }: LevelVersion): number {
  return LEVELS.indexOf(level)
}

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
