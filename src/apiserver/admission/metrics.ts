import type { Counter, Histogram, Metric, Metrics, Summary } from '../metrics/metrics.ts'
import { PodSecurityMetrics } from './pod-security/metrics.ts'

/** Whether what decides may change the object, in upstream's words for plugins. */
export type StepType = 'admit' | 'validate'
/** The same in its words for webhooks. */
export type WebhookType = 'admit' | 'validating'

const BUCKETS = [0.005, 0.025, 0.1, 0.5, 1, 2.5]
const CHECK_BUCKETS = [0.0000005, 0.001, 0.01, 0.1, 1]

/** How long admission takes: as a whole, and in each plugin. */
export class PluginMetrics {
  readonly step: Metric<Histogram>
  readonly plugin: Metric<Histogram>
  readonly summary: Metric<Summary>

  constructor(metrics: Metrics) {
    this.summary = metrics.summary({
      name: 'apiserver_admission_step_admission_duration_seconds_summary',
      help: 'Admission sub-step latency summary in seconds, broken out for each operation and API resource and step type (validate or admit).',
      labels: ['type', 'operation', 'rejected'],
    })
    this.step = metrics.histogram({
      name: 'apiserver_admission_step_admission_duration_seconds',
      help: 'Admission sub-step latency histogram in seconds, broken out for each operation and API resource and step type (validate or admit).',
      stability: 'STABLE',
      labels: ['type', 'operation', 'rejected'],
      buckets: BUCKETS,
    })
    this.plugin = metrics.histogram({
      name: 'apiserver_admission_controller_admission_duration_seconds',
      help: 'Admission controller latency histogram in seconds, identified by name and broken out for each operation and API resource and type (validate or admit).',
      stability: 'STABLE',
      labels: ['name', 'type', 'operation', 'rejected'],
      buckets: BUCKETS,
    })
  }
}

/** How a call to a webhook ended. */
export interface WebhookCall {
  readonly name: string
  readonly type: WebhookType
  readonly operation: string
  readonly seconds: number
  readonly code: number
  readonly rejected: boolean
}

/** Codes above are counted as this one, so that no webhook makes series without end. */
const MAX_CODE = 600

const bounded = (code: number): string => String(Math.min(code, MAX_CODE))

/** What admission webhooks are asked and answer. */
export class WebhookMetrics {
  readonly #durations: Metric<Histogram>
  readonly #requests: Metric<Counter>
  readonly #rejections: Metric<Counter>
  readonly #failOpen: Metric<Counter>

  constructor(metrics: Metrics) {
    this.#durations = metrics.histogram({
      name: 'apiserver_admission_webhook_admission_duration_seconds',
      help: 'Admission webhook latency histogram in seconds, identified by name and broken out for each operation and API resource and type (validate or admit).',
      stability: 'STABLE',
      labels: ['name', 'type', 'operation', 'rejected'],
      buckets: [...BUCKETS, 10, 25],
    })
    this.#requests = metrics.counter({
      name: 'apiserver_admission_webhook_request_total',
      help: 'Admission webhook request total, identified by name and broken out for each admission type (validating or admit) and operation, whether it was rejected and its HTTP status code, at most 600.',
      labels: ['name', 'type', 'operation', 'code', 'rejected'],
    })
    this.#rejections = metrics.counter({
      name: 'apiserver_admission_webhook_rejection_count',
      help: 'Admission webhook rejection count, identified by name and broken out for each admission type (validating or admit), operation, type of error (calling_webhook_error or apiserver_internal_error; no_error where the webhook refused) and rejection code, at most 600.',
      labels: ['name', 'type', 'operation', 'error_type', 'rejection_code'],
    })
    this.#failOpen = metrics.counter({
      name: 'apiserver_admission_webhook_fail_open_count',
      help: 'Admission webhook fail open count, identified by name and broken out for each admission type (validating or admit).',
      labels: ['name', 'type'],
    })
  }

  called({ name, type, operation, seconds, code, rejected }: WebhookCall): void {
    this.#requests.of(name, type, operation, bounded(code), String(rejected)).inc()
    this.#durations.of(name, type, operation, String(rejected)).observe(seconds)
  }

  rejected({ name, type, operation, code }: WebhookCall, error: string): void {
    this.#rejections.of(name, type, operation, error, bounded(code)).inc()
  }

  failedOpen(name: string, type: WebhookType): void {
    this.#failOpen.of(name, type).inc()
  }
}

/** Whose match conditions, and in which step. */
export interface Conditioned {
  readonly name: string
  readonly kind: 'webhook' | 'policy'
  readonly type: WebhookType | 'validate'
}

/** What match conditions say. */
export class ConditionMetrics {
  readonly #errors: Metric<Counter>
  readonly #exclusions: Metric<Counter>
  readonly #durations: Metric<Histogram>

  constructor(metrics: Metrics) {
    const labels = ['name', 'kind', 'type', 'operation']
    const rest =
      'identified by name of resource containing the match condition and broken out for each kind containing matchConditions (webhook or policy), operation and admission type (validate or admit).'
    this.#errors = metrics.counter({
      name: 'apiserver_admission_match_condition_evaluation_errors_total',
      help: `Admission match condition evaluation errors count, ${rest}`,
      labels,
    })
    this.#exclusions = metrics.counter({
      name: 'apiserver_admission_match_condition_exclusions_total',
      help: `Admission match condition evaluation exclusions count, ${rest}`,
      labels,
    })
    this.#durations = metrics.histogram({
      name: 'apiserver_admission_match_condition_evaluation_seconds',
      help: 'Admission match condition evaluation time in seconds, identified by name and broken out for each kind containing matchConditions (webhook or policy), operation and type (validate or admit).',
      labels,
      buckets: [0.001, 0.005, 0.01, 0.025, 0.1, 0.2, 0.25],
    })
  }

  evaluated({ name, kind, type }: Conditioned, operation: string, seconds: number): void {
    this.#durations.of(name, kind, type, operation).observe(seconds)
  }

  failed({ name, kind, type }: Conditioned, operation: string): void {
    this.#errors.of(name, kind, type, operation).inc()
  }

  excluded({ name, kind, type }: Conditioned, operation: string): void {
    this.#exclusions.of(name, kind, type === 'admit' ? type : 'validate', operation).inc()
  }
}

/** Why an expression gave no value. */
export type CheckError = 'no_error' | 'compile_error' | 'invalid_error' | 'out_of_budget'

/** What policies decide. */
export class PolicyMetrics {
  readonly #validations: Check
  readonly #mutations: Check

  constructor(metrics: Metrics) {
    const validation = ['policy', 'policy_binding', 'error_type', 'enforcement_action']
    this.#validations = new Check(metrics, 'validating', 'Validation', 'BETA', validation)
    this.#mutations = new Check(metrics, 'mutating', 'Mutation', 'ALPHA', validation.slice(0, 3))
  }

  validated(
    policy: string,
    binding: string,
    { error, action, seconds }: { readonly error: CheckError; readonly action: string; readonly seconds: number },
  ): void {
    this.#validations.observe(seconds, policy, binding, error, action)
  }

  mutated(policy: string, binding: string, error: CheckError, seconds: number): void {
    this.#mutations.observe(seconds, policy, binding, error)
  }
}

class Check {
  readonly #total: Metric<Counter>
  readonly #durations: Metric<Histogram>

  constructor(
    metrics: Metrics,
    kind: 'validating' | 'mutating',
    what: string,
    stability: 'ALPHA' | 'BETA',
    labels: readonly string[],
  ) {
    const name = `apiserver_${kind}_admission_policy_check`
    this.#total = metrics.counter({
      name: `${name}_total`,
      help: `${what} admission policy check total, labeled by policy and further identified by binding.`,
      stability,
      labels,
    })
    this.#durations = metrics.histogram({
      name: `${name}_duration_seconds`,
      help: `${what} admission latency for individual expressions in seconds, labeled by policy and binding.`,
      stability,
      labels,
      buckets: CHECK_BUCKETS,
    })
  }

  observe(seconds: number, ...labels: readonly string[]): void {
    this.#total.of(...labels).inc()
    this.#durations.of(...labels).observe(seconds)
  }
}

/** What plugins count with. */
export interface AdmissionCounts {
  readonly webhooks: WebhookMetrics
  readonly conditions: ConditionMetrics
  readonly policies: PolicyMetrics
  readonly podSecurity: PodSecurityMetrics
}

export function admissionCounts(metrics: Metrics): AdmissionCounts {
  return {
    webhooks: new WebhookMetrics(metrics),
    conditions: new ConditionMetrics(metrics),
    policies: new PolicyMetrics(metrics),
    podSecurity: new PodSecurityMetrics(metrics),
  }
}
