import type {
  HorizontalPodAutoscaler,
  HorizontalPodAutoscalerStatus,
} from '../../api/generated/types/autoscaling/v2.ts'
import { horizontalPodAutoscalers, pods } from '../../api/index.ts'
import { semanticEqual } from '../../apimachinery/equality.ts'
import { parseLabelSelector } from '../../apimachinery/labels/parse.ts'
import { selects, type LabelSet } from '../../apimachinery/labels/selector.ts'
import { timestamp, type Frozen } from '../../apimachinery/meta.ts'
import { quantityMilliValue } from '../../apimachinery/quantity/text.ts'
import type { ReconcileContext } from '../../client/controller.ts'
import { messageOf } from '../pods/write.ts'
import { removeCondition, setCondition } from './conditions.ts'
import { limit, withChange, withRecommendation, type History, type Limited } from './limits.ts'
import { MetricsReader } from './metrics.ts'
import { MetricFailure, propose, type Proposal, type Target } from './proposal.ts'
import type { Tolerances } from './replicas.ts'
import { readScale, writeScale, type FoundScale } from './scale.ts'

/** What is remembered of an autoscaler between looks. */
export interface Memory {
  readonly uid: string | undefined
  history: History | undefined
  /** The pods it scaled last. */
  selector: LabelSet | undefined
}

/** Who else scales a pod of these labels: names of autoscalers. */
export type Claimants = (labels: Readonly<Record<string, string>>) => string[]

const TOLERANCE = 0.1
const GOT_SCALE = {
  reason: 'SucceededGetScale',
  message: "the HPA controller was able to get the target's current scale",
}
const ZERO = {
  reason: 'ScalingDisabled',
  message: 'scaling is disabled since the replica count of the target is zero',
}

/** One look at an autoscaler's target and metrics, and what follows from it. Rejects with what stood in the way, once it has been told. */
export async function autoscale(
  autoscaler: Frozen<HorizontalPodAutoscaler>,
  memory: Memory,
  claimants: Claimants,
  context: ReconcileContext,
): Promise<void> {
  await new Look(autoscaler, memory, claimants, context).take()
}

/** What the metrics ask for together. */
interface Asked {
  readonly replicas: number
  readonly metric: string
  /** Of the metrics that could not be had. */
  readonly failure: Error | undefined
}

class Look {
  readonly #autoscaler: Frozen<HorizontalPodAutoscaler>
  readonly #memory: Memory
  readonly #claimants: Claimants
  readonly #context: ReconcileContext
  readonly #now: number
  readonly #status: HorizontalPodAutoscalerStatus

  constructor(
    autoscaler: Frozen<HorizontalPodAutoscaler>,
    memory: Memory,
    claimants: Claimants,
    context: ReconcileContext,
  ) {
    this.#autoscaler = autoscaler
    this.#memory = memory
    this.#claimants = claimants
    this.#context = context
    this.#now = context.env.clock.now()
    this.#status = structuredClone(autoscaler.status ?? { desiredReplicas: 0 }) as HorizontalPodAutoscalerStatus
  }

  async take(): Promise<void> {
    const { spec } = this.#autoscaler
    const found = await this.#readScale()
    const current = found.scale.spec?.replicas ?? 0
    this.#memory.history ??= withRecommendation({ recommendations: [], changes: [] }, current, this.#now)
    const minReplicas = spec.minReplicas ?? 1
    let desired = current
    let why = ''
    let failure: Error | undefined
    if (current === 0) {
      this.#say('ScalingActive', false, ZERO)
      removeCondition(this.#status, 'ScaledToZero')
      this.#status.currentMetrics = []
    } else if (current > spec.maxReplicas) {
      desired = spec.maxReplicas
      why = 'Current number of replicas above Spec.MaxReplicas'
      this.#status.currentMetrics = []
    } else if (current < minReplicas) {
      desired = minReplicas
      why = 'Current number of replicas below Spec.MinReplicas'
      this.#status.currentMetrics = []
    } else {
      const asked = await this.#ask(found, current)
      failure = asked.failure
      if (asked.replicas > current) why = `${asked.metric} above target`
      if (asked.replicas < current) why = 'All metrics below target'
      desired = this.#limit(asked.replicas, current, minReplicas)
    }
    if (desired !== current) await this.#rescale(found, current, desired, why)
    this.#status.currentReplicas = current
    this.#status.desiredReplicas = desired
    await this.#writeStatus()
    if (failure) throw failure
  }

  async #readScale(): Promise<FoundScale> {
    const { metadata, spec } = this.#autoscaler
    try {
      const found = await readScale(metadata.namespace ?? '', spec.scaleTargetRef, this.#context)
      this.#say('AbleToScale', true, GOT_SCALE)
      return found
    } catch (error) {
      this.#tell('Warning', 'FailedGetScale', messageOf(error))
      const message = `the HPA controller was unable to get the target's current scale: ${messageOf(error)}`
      this.#say('AbleToScale', false, { reason: 'FailedGetScale', message })
      await this.#writeStatus()
      throw error
    }
  }

  /** Asks every metric. The greatest number counts; when one metric cannot be had, only if it is not less than there are. */
  async #ask(found: FoundScale, current: number): Promise<Asked> {
    const metrics = this.#autoscaler.spec.metrics ?? []
    const failures: MetricFailure[] = []
    const statuses: Proposal['status'][] = []
    let best: Proposal | undefined
    try {
      const target = this.#target(found, current)
      const reader = new MetricsReader(this.#context.client.transport, this.#context.signal)
      for (const metric of metrics) {
        try {
          const proposal = await propose(metric, target, reader)
          statuses.push(proposal.status)
          if (!best || proposal.replicas > best.replicas) best = proposal
        } catch (error) {
          if (!(error instanceof MetricFailure)) throw error
          this.#tell('Warning', error.reason, error.detail)
          failures.push(error)
          statuses.push({ type: '' })
        }
      }
      this.#status.currentMetrics = statuses as HorizontalPodAutoscalerStatus['currentMetrics'] & object
      const [first] = failures
      const failure = first
        ? new Error(
            `invalid metrics (${failures.length} invalid out of ${metrics.length}), first error is: ${first.message}`,
          )
        : undefined
      if (first && failure && (!best || best.replicas < current)) {
        const message = `the HPA was unable to compute the replica count: ${first.detail}`
        this.#say('ScalingActive', false, { reason: first.reason, message })
        throw failure
      }
      const message = `the HPA was able to successfully calculate a replica count from ${best?.name ?? ''}`
      this.#say('ScalingActive', true, { reason: 'ValidMetricFound', message })
      return { replicas: best?.replicas ?? 0, metric: best?.name ?? '', failure }
    } catch (error) {
      this.#status.currentReplicas = current
      await this.#writeStatus()
      this.#tell('Warning', 'FailedComputeMetricsReplicas', messageOf(error))
      throw error
    }
  }

  /** The pods that the target's selector chooses. Throws when there is none, or another autoscaler has them too. */
  #target({ scale }: FoundScale, specReplicas: number): Target {
    const { namespace = '' } = this.#autoscaler.metadata
    const selector = scale.status?.selector ?? ''
    if (selector === '')
      throw this.#noTarget(
        'SelectorRequired',
        'InvalidSelector',
        'selector is required',
        "the HPA target's scale is missing a selector",
      )
    let chosen: LabelSet
    try {
      chosen = parseLabelSelector(selector)
    } catch (error) {
      const message = `couldn't convert selector into a corresponding internal selector object: ${messageOf(error)}`
      throw this.#noTarget('InvalidSelector', 'InvalidSelector', message, message)
    }
    this.#memory.selector = chosen
    const list = this.#context
      .lister(pods)
      .list(namespace)
      .filter(({ metadata }) => selects(chosen, metadata.labels))
    const owners = new Set(list.flatMap(({ metadata }) => this.#claimants(metadata.labels ?? {})))
    if (owners.size > 1) {
      const all = [...owners].map((name) => `{${name} ${namespace}}`).join(' ')
      const message = `pods by selector ${selector} are controlled by multiple HPAs: [${all}]`
      throw this.#noTarget('AmbiguousSelector', 'AmbiguousSelector', message, message)
    }
    const tolerances = tolerancesOf(this.#autoscaler)
    const statusReplicas = scale.status?.replicas ?? 0
    return { namespace, selector, pods: list, now: this.#now, specReplicas, statusReplicas, tolerances }
  }

  #noTarget(event: string, reason: string, said: string, message: string): Error {
    this.#tell('Warning', event, said)
    this.#say('ScalingActive', false, { reason, message })
    return new Error(said)
  }

  #limit(desired: number, current: number, minReplicas: number): number {
    const history = this.#memory.history ?? { recommendations: [], changes: [] }
    const step = { spec: this.#autoscaler.spec, minReplicas, current, desired, now: this.#now }
    const { replicas, able, limited }: Limited = limit(step, history)
    this.#memory.history = withRecommendation(history, desired, this.#now)
    this.#say('AbleToScale', true, able)
    this.#say('ScalingLimited', limited.isLimited, limited)
    return replicas
  }

  async #rescale(found: FoundScale, current: number, desired: number, why: string): Promise<void> {
    try {
      await writeScale(found, desired, this.#context)
    } catch (error) {
      const said = `New size: ${desired}; reason: ${why}; error: ${messageOf(error)}`
      this.#tell('Warning', 'FailedRescale', said)
      const message = `the HPA controller was unable to update the target scale: ${messageOf(error)}`
      this.#say('AbleToScale', false, { reason: 'FailedUpdateScale', message })
      this.#status.currentReplicas = current
      await this.#writeStatus()
      throw error
    }
    const message = `the HPA controller was able to update the target scale to ${desired}`
    this.#say('AbleToScale', true, { reason: 'SucceededRescale', message })
    this.#tell('Normal', 'SuccessfulRescale', `New size: ${desired}; reason: ${why}`)
    if (this.#autoscaler.spec.behavior && this.#memory.history)
      this.#memory.history = withChange(this.#memory.history, desired - current, this.#now)
    removeCondition(this.#status, 'ScaledToZero')
    this.#status.lastScaleTime = timestamp(this.#now)
  }

  async #writeStatus(): Promise<void> {
    if (semanticEqual(this.#status, this.#autoscaler.status)) return
    const changed = { ...this.#autoscaler, status: this.#status } as HorizontalPodAutoscaler
    try {
      await this.#context.client(horizontalPodAutoscalers).updateStatus(changed)
    } catch (error) {
      this.#tell('Warning', 'FailedUpdateStatus', messageOf(error))
      throw error
    }
  }

  #say(
    type: Parameters<typeof setCondition>[1],
    isTrue: boolean,
    why: { readonly reason: string; readonly message: string },
  ): void {
    setCondition(this.#status, type, isTrue, why, this.#now)
  }

  #tell(type: 'Normal' | 'Warning', reason: string, message: string): void {
    this.#context.events.event(this.#autoscaler, type, reason, message)
  }
}

function tolerancesOf({ spec: { behavior } }: Frozen<HorizontalPodAutoscaler>): Tolerances {
  const of = (rules: { readonly tolerance?: string | number } | undefined): number =>
    rules?.tolerance === undefined ? TOLERANCE : quantityMilliValue(String(rules.tolerance)) / 1000
  return { scaleUp: of(behavior?.scaleUp), scaleDown: of(behavior?.scaleDown) }
}
