import { readFileSync } from 'node:fs'
import { LOG_FORMATS, type LogFormat } from '../../../apiserver/audit/backends/log.ts'
import type { BatchOptions } from '../../../apiserver/audit/backends/buffered.ts'
import type { TruncateLimits } from '../../../apiserver/audit/backends/truncate.ts'
import type { Rotation } from '../../../apiserver/audit/host/rotated-file.ts'
import type { Policy } from '../../../apiserver/audit/policy.ts'
import { readPolicy } from '../../../apiserver/audit/read-policy.ts'
import { aggregateMessage } from '../../../apimachinery/aggregate.ts'
import type { ApiFlag, ApiFlagGroup } from '../../../cli/api-flags/flag.ts'
import type { ApiFlagValues } from '../../../cli/api-flags/values.ts'
import { UserError } from '../../../host/user-error.ts'
import { goReason } from './refusals.ts'

const MODES = ['batch', 'blocking', 'blocking-strict'] as const
type Mode = (typeof MODES)[number]

const VERSION = 'audit.k8s.io/v1'
const BUFFER_SIZE = 10_000
const WEBHOOK_BATCH = { size: 400, waitMs: 30_000, qps: 10, burst: 15 }
const LOG_BATCH = { size: 1, waitMs: 0, qps: 0, burst: 0 }
const TRUNCATE = { maxBatchSize: 10 * 1024 * 1024, maxEventSize: 100 * 1024 }
const INITIAL_BACKOFF_MS = 10_000

export const AUDIT_FLAGS: ApiFlagGroup = {
  title: 'Audit',
  flags: [
    {
      name: 'audit-policy-file',
      kind: 'file',
      description: 'an audit.k8s.io/v1 Policy: what is told of which requests',
    },
    { name: 'audit-log-path', kind: 'file', description: 'where events are written, a line each; - for the output' },
    { name: 'audit-log-maxage', kind: 'number', description: 'for how many days old logs are kept; 0 for ever (366)' },
    { name: 'audit-log-maxbackup', kind: 'number', description: 'how many old logs are kept; 0 for all (100)' },
    { name: 'audit-log-maxsize', kind: 'number', description: 'megabytes of a log before a new one; 0 for any (100)' },
    { name: 'audit-log-compress', kind: 'boolean', description: 'old logs are compressed (false)' },
    { name: 'audit-log-format', kind: 'text', description: 'json or legacy (json)' },
    { name: 'audit-log-version', kind: 'text', description: `of the events (${VERSION})` },
    ...backendFlags('log', 'blocking', LOG_BATCH),
    { name: 'audit-webhook-config-file', kind: 'file', description: 'a kubeconfig of who is sent the events' },
    {
      name: 'audit-webhook-initial-backoff',
      kind: 'duration',
      description: 'before a failed request is sent again (10s)',
    },
    {
      name: 'audit-webhook-batch-initial-backoff',
      kind: 'duration',
      description: 'an older name of --audit-webhook-initial-backoff',
    },
    { name: 'audit-webhook-version', kind: 'text', description: `of the events (${VERSION})` },
    ...backendFlags('webhook', 'batch', WEBHOOK_BATCH),
  ],
}

function backendFlags(plugin: string, mode: Mode, batch: typeof WEBHOOK_BATCH): ApiFlag[] {
  const name = (rest: string): string => `audit-${plugin}-${rest}`
  return [
    { name: name('mode'), kind: 'text', description: `${MODES.join(', ')}: whether requests wait for it (${mode})` },
    { name: name('batch-buffer-size'), kind: 'number', description: `how many events may wait (${BUFFER_SIZE})` },
    { name: name('batch-max-size'), kind: 'number', description: `how many go together (${batch.size})` },
    {
      name: name('batch-max-wait'),
      kind: 'duration',
      description: `how long an event waits for others (${batch.waitMs / 1000}s)`,
    },
    { name: name('batch-throttle-enable'), kind: 'boolean', description: `limit the batches (${batch.qps > 0})` },
    { name: name('batch-throttle-qps'), kind: 'number', description: `batches a second (${batch.qps})` },
    { name: name('batch-throttle-burst'), kind: 'number', description: `batches at once (${batch.burst})` },
    { name: name('truncate-enabled'), kind: 'boolean', description: 'large events lose their objects (false)' },
    { name: name('truncate-max-batch-size'), kind: 'number', description: `bytes (${TRUNCATE.maxBatchSize})` },
    { name: name('truncate-max-event-size'), kind: 'number', description: `bytes (${TRUNCATE.maxEventSize})` },
  ]
}

/** How one backend is fed. */
export interface BackendConfig {
  readonly mode: Mode
  readonly batch: BatchOptions
  readonly truncate?: TruncateLimits
}

export interface LogConfig extends BackendConfig {
  readonly path: string
  readonly format: LogFormat
  readonly rotation: Rotation
}

export interface WebhookConfig extends BackendConfig {
  readonly kubeconfig: string
  readonly initialBackoffMs: number
}

/** What is told of requests, and to whom. */
export interface AuditConfig {
  readonly policy?: Policy
  /** What in the policy nobody knows. */
  readonly warnings: readonly string[]
  readonly log?: LogConfig
  readonly webhook?: WebhookConfig
}

/** Throws a UserError in upstream's words. */
export function auditConfig(flags: ApiFlagValues): AuditConfig {
  const log = logConfig(flags)
  const webhook = webhookConfig(flags)
  const problems = [
    ...(log ? logProblems(log, flags) : []),
    ...(webhook ? backendProblems('webhook', webhook, flags) : []),
  ]
  if (problems.length > 0) throw new UserError(aggregateMessage(problems))
  const file = flags.text('audit-policy-file')
  const read = file === undefined ? undefined : policyIn(file)
  return {
    ...(read && { policy: read.policy }),
    warnings: read?.warnings ?? [],
    ...(log && { log }),
    ...(webhook && { webhook }),
  }
}

function policyIn(file: string): ReturnType<typeof readPolicy> {
  try {
    return readPolicy(readFileSync(file))
  } catch (error) {
    const isFile = error instanceof Error && !('code' in error)
    const why = isFile
      ? `${error.message}: from file ${file}`
      : `failed to read file path ${JSON.stringify(file)}: open ${file}: ${goReason(error)}`
    throw new UserError(`loading audit policy file: ${why}`)
  }
}

function logConfig(flags: ApiFlagValues): LogConfig | undefined {
  const path = flags.text('audit-log-path')
  if (path === undefined) return undefined
  return {
    path,
    format: (flags.text('audit-log-format') ?? 'json') as LogFormat,
    rotation: {
      maxAge: flags.number('audit-log-maxage', 366),
      maxBackups: flags.number('audit-log-maxbackup', 100),
      maxSize: flags.number('audit-log-maxsize', 100),
      compress: flags.boolean('audit-log-compress', false),
    },
    ...backendConfig(flags, 'log', 'blocking', LOG_BATCH),
  }
}

function webhookConfig(flags: ApiFlagValues): WebhookConfig | undefined {
  const kubeconfig = flags.text('audit-webhook-config-file')
  if (kubeconfig === undefined) return undefined
  const old = flags.duration('audit-webhook-batch-initial-backoff', INITIAL_BACKOFF_MS)
  return {
    kubeconfig,
    initialBackoffMs: flags.duration('audit-webhook-initial-backoff', old),
    ...backendConfig(flags, 'webhook', 'batch', WEBHOOK_BATCH),
  }
}

function backendConfig(flags: ApiFlagValues, plugin: string, mode: Mode, batch: typeof WEBHOOK_BATCH): BackendConfig {
  const name = (rest: string): string => `audit-${plugin}-${rest}`
  const throttles = flags.boolean(name('batch-throttle-enable'), batch.qps > 0)
  const throttle = {
    qps: flags.number(name('batch-throttle-qps'), batch.qps),
    burst: flags.number(name('batch-throttle-burst'), batch.burst),
  }
  const truncate = {
    maxBatchSize: flags.number(name('truncate-max-batch-size'), TRUNCATE.maxBatchSize),
    maxEventSize: flags.number(name('truncate-max-event-size'), TRUNCATE.maxEventSize),
  }
  return {
    mode: (flags.text(name('mode')) ?? mode) as Mode,
    batch: {
      bufferSize: flags.number(name('batch-buffer-size'), BUFFER_SIZE),
      maxBatchSize: flags.number(name('batch-max-size'), batch.size),
      maxBatchWaitMs: flags.duration(name('batch-max-wait'), batch.waitMs),
      ...(throttles && { throttle }),
      async: plugin === 'webhook',
    },
    ...(flags.boolean(name('truncate-enabled'), false) && { truncate }),
  }
}

function logProblems(log: LogConfig, flags: ApiFlagValues): string[] {
  const problems = backendProblems('log', log, flags)
  if (!LOG_FORMATS.includes(log.format)) {
    problems.push(`invalid audit log format ${log.format}, allowed formats are "${LOG_FORMATS.join(',')}"`)
  }
  const { maxAge, maxBackups, maxSize } = log.rotation
  for (const [name, value] of Object.entries({ maxage: maxAge, maxbackup: maxBackups, maxsize: maxSize })) {
    if (value < 0) problems.push(`--audit-log-${name} ${value} can't be a negative number`)
  }
  return problems
}

function backendProblems(plugin: 'log' | 'webhook', { mode, batch }: BackendConfig, flags: ApiFlagValues): string[] {
  return [
    ...batchProblem(plugin, mode, batch),
    ...truncateProblem(plugin, flags),
    ...versionProblem(flags.text(`audit-${plugin}-version`) ?? VERSION),
  ]
}

function* batchProblem(
  plugin: string,
  mode: Mode,
  { bufferSize, maxBatchSize, throttle }: BatchOptions,
): Iterable<string> {
  if (!MODES.includes(mode)) {
    return yield `invalid audit ${plugin} mode ${mode}, allowed modes are "${MODES.join(',')}"`
  }
  if (mode !== 'batch') return
  const values: readonly (readonly [string, number])[] = [
    ['buffer size', bufferSize],
    ['max batch size', maxBatchSize],
    ...(throttle
      ? ([
          ['throttle QPS', throttle.qps],
          ['throttle burst', throttle.burst],
        ] as const)
      : []),
  ]
  const wrong = values.find(([, value]) => value <= 0)
  if (wrong) yield `invalid audit batch ${plugin} ${wrong[0]} ${wrong[1]}, must be a positive number`
}

/** Looked at whether events are truncated or not. */
function* truncateProblem(plugin: string, flags: ApiFlagValues): Iterable<string> {
  const event = flags.number(`audit-${plugin}-truncate-max-event-size`, TRUNCATE.maxEventSize)
  const batch = flags.number(`audit-${plugin}-truncate-max-batch-size`, TRUNCATE.maxBatchSize)
  if (event <= 0) yield `invalid audit truncate ${plugin} max event size ${event}, must be a positive number`
  else if (batch < event) {
    yield `invalid audit truncate ${plugin} max batch size ${batch}, must be greater than max event size (${event})`
  }
}

function* versionProblem(version: string): Iterable<string> {
  if (version.split('/').length > 2) yield `unexpected GroupVersion string: ${version}`
  else if (version !== VERSION) yield `invalid group version, allowed versions are ["${VERSION}"]`
}
