import type { Counter, Metric, Metrics } from '../../metrics/metrics.ts'
import { resourceName } from '../forbidden.ts'
import type { AdmissionAttributes } from '../types.ts'
import { type LevelVersion, type Policy, toldVersion } from './policy.ts'

/** What is counted of pods that are held to a standard, under upstream's names. */
export class PodSecurityMetrics {
  readonly #evaluations: Metric<Counter>
  readonly #exemptions: Metric<Counter>
  readonly #errors: Metric<Counter>
  /** Found once: this is asked of every pod. */
  readonly #known = new Map<string, Counter>()

  constructor(metrics: Metrics) {
    const request = ['request_operation', 'resource', 'subresource']
    this.#evaluations = metrics.counter({
      name: 'pod_security_evaluations_total',
      help: 'Number of policy evaluations that occurred, not counting ignored or exempt requests.',
      labels: ['decision', 'policy_level', 'policy_version', 'mode', ...request],
    })
    this.#exemptions = metrics.counter({
      name: 'pod_security_exemptions_total',
      help: 'Number of exempt requests, not counting ignored or out of scope requests.',
      labels: request,
    })
    this.#errors = metrics.counter({
      name: 'pod_security_errors_total',
      help: 'Number of errors preventing normal evaluation. Non-fatal errors may result in the latest restricted profile being used for evaluation.',
      labels: ['fatal', ...request],
    })
  }

  /** Notes what came of one mode. Upstream counts what is allowed for the mode that enforces alone. */
  evaluated(attributes: AdmissionAttributes, mode: keyof Policy, level: LevelVersion, isAllowed: boolean): void {
    if (isAllowed && mode !== 'enforce') return
    const { operation, subresource } = attributes
    const key = `${isAllowed} ${level.level} ${level.minor} ${mode} ${operation} ${resourceName(attributes)} ${subresource}`
    let counter = this.#known.get(key)
    if (!counter) {
      const decision = isAllowed ? 'allow' : 'deny'
      counter = this.#evaluations.of(decision, level.level, toldVersion(level), mode, ...requestOf(attributes))
      this.#known.set(key, counter)
    }
    counter.inc()
  }

  exempted(attributes: AdmissionAttributes): void {
    this.#exemptions.of(...requestOf(attributes)).inc()
  }

  /** A fatal error is one that nothing could be tried for. */
  failed(attributes: AdmissionAttributes, fatal: boolean): void {
    this.#errors.of(String(fatal), ...requestOf(attributes)).inc()
  }
}

const KINDS: Readonly<Record<string, string>> = { pods: 'pod', namespaces: 'namespace' }

function requestOf(attributes: AdmissionAttributes): string[] {
  const { operation, subresource } = attributes
  return [operation.toLowerCase(), KINDS[resourceName(attributes)] ?? 'controller', subresource]
}
