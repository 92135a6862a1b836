import type { SubjectAccessReviewStatus } from '../../../api/generated/types/authorization/v1.ts'
import { byteLength } from '../../../apimachinery/validation/names.ts'
import type { Env } from '../../../lib/env.ts'
import { isJsonObject } from '../../../lib/json-value.ts'
import { Lru } from '../../../lib/lru.ts'
import type { MaybePromise } from '../../../store/store.ts'
import { DEFAULT_RETRY, type RetryBackoff, withRetries } from '../../remote/retry.ts'
import { RemoteError, type RemoteService } from '../../remote/service.ts'
import type { WebhookConfiguration } from '../configuration/types.ts'
import type { Authorization, AuthorizationAttributes, Authorizer, RulesFor } from '../types.ts'
import { MatchConditions } from './match-conditions.ts'
import type { WebhookMetrics } from './metrics.ts'
import { type ReviewSpec, reviewOf, reviewSpecOf } from './review.ts'

const REMEMBERED = 8192
/** What a client can make as long as it likes is not kept when it is this long. */
const MAX_CONTROLLED_LENGTH = 10_000
const BOTH = 'webhook subject access review returned both allow and deny response'

export interface WebhookAuthorizerOptions {
  /** In metrics. */
  readonly name: string
  readonly configuration: WebhookConfiguration
  readonly service: RemoteService
  readonly env: Env
  readonly metrics: WebhookMetrics
  readonly retry?: RetryBackoff
}

interface Remembered {
  readonly status: SubjectAccessReviewStatus
  readonly untilMs: number
}

/** Asks a service, as long as somebody waits for the answer, and remembers what it said (upstream's webhook authorizer). */
export class WebhookAuthorizer implements Authorizer {
  readonly #options: WebhookAuthorizerOptions
  readonly #conditions: MatchConditions
  readonly #answers = new Lru<string, Remembered>(REMEMBERED)

  constructor(options: WebhookAuthorizerOptions) {
    this.#options = options
    this.#conditions = new MatchConditions(options.configuration.matchConditions)
  }

  authorize(asked: AuthorizationAttributes): MaybePromise<Authorization> {
    const spec = reviewSpecOf(asked)
    const unasked = this.#unasked(spec)
    if (unasked) return unasked
    const key = JSON.stringify(spec)
    const known = this.#answers.get(key)
    if (known && known.untilMs > this.#options.env.clock.monotonic()) return decisionOf(known.status)
    return this.#ask(asked, spec, key)
  }

  rulesFor(): RulesFor {
    const evaluationError = 'webhook authorizer does not support user rule resolution'
    return { resourceRules: [], nonResourceRules: [], incomplete: true, evaluationError }
  }

  /** Decided by the conditions alone. */
  #unasked(spec: ReviewSpec): Authorization | undefined {
    if (this.#conditions.none) return undefined
    const { name, metrics, env } = this.#options
    const started = env.clock.monotonic()
    const matched = this.#conditions.match(spec)
    metrics.matchSeconds.of('Webhook', name).observe((env.clock.monotonic() - started) / 1000)
    if ('problem' in matched) {
      metrics.matchErrors.of('Webhook', name).inc()
      return this.#failed(matched.problem)
    }
    if (matched.matches) return undefined
    metrics.exclusions.of('Webhook', name).inc()
    return { decision: 'NoOpinion' }
  }

  #failed(error: string): Authorization {
    return { decision: this.#options.configuration.failurePolicy, error }
  }

  async #ask(asked: AuthorizationAttributes, spec: ReviewSpec, key: string): Promise<Authorization> {
    const { name, configuration, env, metrics, retry = DEFAULT_RETRY } = this.#options
    const review = reviewOf(configuration.version, spec)
    const signal = asked.caller?.signal
    let result: Result = 'error'
    const attempt = async (): Promise<SubjectAccessReviewStatus> => {
      const answer = await this.#post(review, signal)
      result = answer.result
      if ('failure' in answer) throw answer.failure
      return answer.status
    }
    try {
      const status = await withRetries(env, retry, attempt, signal)
      this.#remember(asked, key, status)
      return decisionOf(status)
    } catch (error) {
      if (!(error instanceof RemoteError)) throw error
      env.log.error('a webhook that authorizes was not to be asked', { name, err: error })
      if (configuration.failurePolicy === 'NoOpinion' && !signal?.aborted) metrics.failOpen.of(name, result).inc()
      return this.#failed(error.message)
    }
  }

  async #post(review: object, signal: AbortSignal | undefined): Promise<Asked> {
    const { name, configuration, service, env, metrics } = this.#options
    const started = env.clock.monotonic()
    const answer = await service.post(review, signal).then(
      (body): Asked => readAnswer(body, configuration.version),
      (failure: unknown): Asked => {
        if (!(failure instanceof RemoteError)) throw failure
        return { result: signal?.aborted ? 'canceled' : failure.timedOut ? 'timeout' : 'error', failure }
      },
    )
    metrics.evaluations.of(name, answer.result).inc()
    metrics.duration.of(name, answer.result).observe((env.clock.monotonic() - started) / 1000)
    return answer
  }

  #remember(asked: AuthorizationAttributes, key: string, status: SubjectAccessReviewStatus): void {
    const { authorizedTtlMs, unauthorizedTtlMs } = this.#options.configuration
    const ttlMs = status.allowed ? authorizedTtlMs : unauthorizedTtlMs
    if (ttlMs <= 0 || controlledLength(asked) >= MAX_CONTROLLED_LENGTH) return
    this.#answers.set(key, { status, untilMs: this.#options.env.clock.monotonic() + ttlMs })
  }
}

/** Upstream's words. */
type Result = 'success' | 'canceled' | 'timeout' | 'error'
type Asked =
  | { readonly result: Result; readonly status: SubjectAccessReviewStatus }
  | { readonly result: Result; readonly failure: RemoteError }

/** Nothing but a review of the version that was asked for says anything; what does not say what it is is taken for one, as upstream does. */
function readAnswer(body: unknown, version: string): Asked {
  const wanted = { kind: 'SubjectAccessReview', apiVersion: `authorization.k8s.io/${version}` }
  const given = { ...wanted, ...(isJsonObject(body) ? body : { kind: typeof body }) }
  if (given.kind !== wanted.kind || given.apiVersion !== wanted.apiVersion) {
    const problem = `converting (${shortName(given)}) to (${shortName(wanted)}): unknown conversion`
    return { result: 'error', failure: new RemoteError(problem, { status: 200 }) }
  }
  const { allowed, denied, reason } = (
    isJsonObject(body) && isJsonObject(body['status']) ? body['status'] : {}
  ) as Record<string, unknown>
  return {
    result: 'success',
    status: {
      allowed: allowed === true,
      ...(denied === true && { denied }),
      ...(typeof reason === 'string' && { reason }),
    },
  }
}

/** As Go names a type: `v1.Pod`. */
function shortName({ kind, apiVersion }: { readonly kind: unknown; readonly apiVersion: unknown }): string {
  return `${String(apiVersion).split('/').at(-1)}.${String(kind)}`
}

function decisionOf({ allowed, denied, reason = '' }: SubjectAccessReviewStatus): Authorization {
  if (denied) return { decision: 'Deny', reason, ...(allowed && { error: BOTH }) }
  return { decision: allowed ? 'Allow' : 'NoOpinion', reason }
}

function controlledLength({
  namespace,
  verb,
  apiGroup,
  apiVersion,
  resource,
  subresource,
  name,
  path,
}: AuthorizationAttributes): number {
  return [namespace, verb, apiGroup, apiVersion, resource, subresource, name, path].reduce(
    (sum, text) => sum + byteLength(text),
    0,
  )
}
