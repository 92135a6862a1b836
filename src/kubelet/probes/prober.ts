import type { Frozen } from '../../apimachinery/meta.ts'
import type { Probe } from '../../api/generated/types/core/v1.ts'
import type { Timer } from '../../lib/clock.ts'
import type { Env } from '../../lib/env.ts'
import { check, type Finding, type ProbeMeans, type ProbeTarget } from './check.ts'

export type ProbeKind = 'startup' | 'liveness' | 'readiness'

export interface ProberOptions {
  readonly kind: ProbeKind
  readonly probe: Frozen<Probe>
  readonly target: ProbeTarget
  readonly means: ProbeMeans
  readonly env: Env
  /** When the container started, in ms since the epoch. */
  readonly startedAtMs: number
  /** The verdict has changed. */
  readonly onVerdict: (passed: boolean) => void
  readonly event: (type: 'Normal' | 'Warning', reason: string, message: string) => void
  /** The verdict from before, for a container that ran when the node agent started. */
  readonly initial?: boolean
}

/** A look that errs is taken again at once, this often in all. */
const MAX_TRIES = 3
/** Waits between the extra looks that find a container ready soon after its start; they grow to the probe's period. A command costs more than a connection. */
const EAGER_FIRST_MS = { network: 100, exec: 500 }
const NAMES: Readonly<Record<ProbeKind, string>> = { startup: 'Startup', liveness: 'Liveness', readiness: 'Readiness' }

/**
 * Probes one container in one way, from its start to its end, every period (upstream's pkg/kubelet/prober worker). One timer, and none
 * once the verdict is final: a startup probe that has passed, a startup or liveness probe that has failed.
 *
 * The first look that counts is taken one period after the start, or when the initial delay is over. Beyond upstream: until a readiness or
 * startup probe first passes, extra looks are taken before and between those. Only their success counts, so a container is seen
 * ready when it is, and nothing fails any sooner.
 */
export class Prober {
  readonly #options: ProberOptions
  #verdict: boolean | undefined
  #last: Finding['result'] | undefined
  #run = 0
  #timer: Timer | undefined
  #stopped = false
  #eagerMs: number | undefined
  #nextCountedMs = 0

  constructor(options: ProberOptions) {
    this.#options = options
    this.#verdict = options.initial
    const { kind, probe, initial } = options
    const eager = kind !== 'liveness' && initial !== true && (probe.successThreshold ?? 1) === 1
    this.#eagerMs = eager ? EAGER_FIRST_MS[probe.exec ? 'exec' : 'network'] : undefined
  }

  get verdict(): boolean | undefined {
    return this.#verdict
  }

  start(): void {
    const { env, probe, startedAtMs } = this.#options
    const { initialDelaySeconds = 0, periodSeconds = 10 } = probe
    const now = env.clock.now()
    const begin = Math.max(now, startedAtMs + initialDelaySeconds * 1000)
    this.#nextCountedMs = initialDelaySeconds > 0 && this.#eagerMs === undefined ? begin : begin + periodSeconds * 1000
    this.#arm((this.#eagerMs === undefined ? this.#nextCountedMs : begin) - now)
  }

  stop(): void {
    this.#stopped = true
    this.#timer?.cancel()
  }

  #arm(delayMs: number): void {
    if (this.#stopped) return
    this.#timer = this.#options.env.clock.setTimer(() => void this.#tick(), delayMs)
  }

  async #tick(): Promise<void> {
    const { env, probe, target, means } = this.#options
    const counted = env.clock.now() >= this.#nextCountedMs
    let finding = await check(probe, target, means)
    for (let tries = 1; counted && finding.result === 'error' && tries < MAX_TRIES && !this.#stopped; tries++) {
      finding = await check(probe, target, means)
    }
    if (this.#stopped) return
    const passed = finding.result === 'success' || finding.result === 'warning'
    if (counted || passed) this.#count(finding, passed)
    if (this.#isFinal()) return
    this.#schedule()
  }

  #count(finding: Finding, passed: boolean): void {
    const { probe, kind, onVerdict } = this.#options
    this.#report(finding)
    if (finding.result === 'error') return
    const result = passed ? 'success' : 'failure'
    this.#run = this.#last === result ? this.#run + 1 : 1
    this.#last = result
    const threshold = passed
      ? kind === 'readiness'
        ? (probe.successThreshold ?? 1)
        : 1
      : (probe.failureThreshold ?? 3)
    if (this.#run < threshold || this.#verdict === passed) return
    this.#verdict = passed
    if (passed) this.#eagerMs = undefined
    if (!(kind === 'liveness' && passed)) onVerdict(passed)
  }

  #report({ result, output }: Finding): void {
    const { kind, event } = this.#options
    const name = NAMES[kind]
    if (result === 'failure') event('Warning', 'Unhealthy', `${name} probe failed: ${output}`)
    else if (result === 'error')
      event('Warning', 'Unhealthy', `${name} probe errored and resulted in unknown state: ${output}`)
    else if (result === 'warning') event('Warning', 'ProbeWarning', `${name} probe warning: ${output}`)
  }

  #isFinal(): boolean {
    const { kind } = this.#options
    return kind === 'startup' ? this.#verdict !== undefined : kind === 'liveness' && this.#verdict === false
  }

  #schedule(): void {
    const { env, probe } = this.#options
    const periodMs = (probe.periodSeconds ?? 10) * 1000
    const now = env.clock.now()
    while (this.#nextCountedMs <= now) this.#nextCountedMs += periodMs
    const untilCounted = this.#nextCountedMs - now
    const eagerMs = this.#eagerMs
    if (eagerMs === undefined) return this.#arm(untilCounted)
    this.#eagerMs = eagerMs * 2 > periodMs ? undefined : eagerMs * 2
    this.#arm(Math.min(untilCounted, eagerMs))
  }
}
