import type { Env } from '../../../lib/env.ts'
import { type Counter, type Metric, Metrics } from '../../metrics/metrics.ts'
import type { RemoteService } from '../../remote/service.ts'
import { abacAuthorizer } from '../abac/authorizer.ts'
import type { AbacPolicy } from '../abac/policy.ts'
import {
  alwaysAllow,
  alwaysDeny,
  type Authorization,
  type AuthorizationAttributes,
  type Authorizer,
  unionOf,
} from '../types.ts'
import { WebhookAuthorizer } from '../webhook/authorizer.ts'
import { type WebhookMetrics, webhookMetrics } from '../webhook/metrics.ts'
import { loadConfiguration } from './load.ts'
import { ReloadMetrics } from '../../config/reload-metrics.ts'
import {
  type AuthorizationConfiguration,
  type AuthorizerConfiguration,
  DEFAULT_CONFIGURATION,
  type Mode,
  type WebhookConfiguration,
} from './types.ts'
import type { ConfigurationFile } from '../../config/configuration-file.ts'

/** How a server authorizes; Node and RBAC when nothing is told. */
export interface AuthorizationOptions {
  readonly configuration: AuthorizationConfiguration
  /** Of ABAC. */
  readonly policies?: readonly AbacPolicy[]
  /** The way to the service of a webhook. Throws when there is none. */
  readonly connect?: (webhook: WebhookConfiguration) => RemoteService
  /** The file that the configuration was read from. */
  readonly file?: ConfigurationFile
}

export interface ConfiguredAuthorizerOptions extends Partial<AuthorizationOptions> {
  readonly env: Env
  readonly metrics?: Metrics | undefined
  /** Asked before all others, and by none of the configuration's names. */
  readonly first: readonly Authorizer[]
  readonly node: Authorizer
  readonly rbac: Authorizer
}

/** One chain of authorizers, and the services it keeps connections to. */
interface Chain {
  readonly authorizer: Authorizer
  readonly services: readonly RemoteService[]
}

/** The authorizers of a configuration, which may change while the server runs (upstream's reloadable authorizer). */
export class ConfiguredAuthorizer implements Authorizer {
  readonly #options: ConfiguredAuthorizerOptions
  readonly #decisions: Metric<Counter>
  readonly #webhooks: WebhookMetrics
  readonly #reloads: ReloadMetrics | undefined
  readonly #required: ReadonlySet<Mode>
  #current: Chain
  #known: string
  #stop: (() => void) | undefined

  constructor(options: ConfiguredAuthorizerOptions) {
    const { metrics = new Metrics(), configuration = DEFAULT_CONFIGURATION, file } = options
    this.#options = options
    this.#decisions = decisionsCounter(metrics)
    this.#webhooks = webhookMetrics(metrics)
    this.#reloads = file && new ReloadMetrics(metrics, file, options.env.clock)
    this.#required = new Set(configuration.authorizers.map(({ type }) => type).filter((type) => type !== 'Webhook'))
    this.#known = JSON.stringify(configuration)
    this.#current = this.#chainOf(configuration)
  }

  authorize(asked: AuthorizationAttributes): ReturnType<Authorizer['authorize']> {
    return this.#current.authorizer.authorize(asked)
  }

  rulesFor: NonNullable<Authorizer['rulesFor']> = (user, namespace) =>
    this.#current.authorizer.rulesFor?.(user, namespace) ?? {
      resourceRules: [],
      nonResourceRules: [],
      incomplete: true,
    }

  /** Follows the configuration's file from now on. */
  start(): void {
    this.#stop ??= this.#options.file?.follow((content) => this.#reload(content))
  }

  stop(): void {
    this.#stop?.()
    for (const service of this.#current.services) service.close()
  }

  /** What cannot be used changes nothing. */
  #reload(content: Uint8Array | Error): void {
    const { file, env } = this.#options
    if (!file || this.#reloads?.isKnown(content)) return
    try {
      if (content instanceof Error) throw content
      const configuration = loadConfiguration(content, file.fileProblem, this.#required)
      const now = JSON.stringify(configuration)
      if (now === this.#known) return
      const before = this.#current
      this.#current = this.#chainOf(configuration)
      this.#known = now
      for (const service of before.services) service.close()
      this.#reloads?.succeeded(content)
      env.log.info('reloaded authz config')
    } catch (err) {
      this.#reloads?.failed()
      env.log.error('reloading authorization config', { err })
    }
  }

  #chainOf({ authorizers }: AuthorizationConfiguration): Chain {
    const services: RemoteService[] = []
    const made = authorizers.map((one) => this.#counted(one, this.#made(one, services)))
    return { authorizer: unionOf([...this.#options.first, ...made]), services }
  }

  #made(configured: AuthorizerConfiguration, services: RemoteService[]): Authorizer {
    const { node, rbac, policies = [], connect, env } = this.#options
    switch (configured.type) {
      case 'Node':
        return node
      case 'RBAC':
        return rbac
      case 'ABAC':
        return abacAuthorizer(policies)
      case 'AlwaysAllow':
        return alwaysAllow
      case 'AlwaysDeny':
        return alwaysDeny
      case 'Webhook': {
        if (!connect) throw new Error('there is no way to authorization webhooks')
        const { name, webhook } = configured
        const service = connect(webhook)
        services.push(service)
        return new WebhookAuthorizer({ name, configuration: webhook, service, env, metrics: this.#webhooks })
      }
    }
  }

  /** Counts what the authorizer decides for good. */
  #counted({ type, name }: AuthorizerConfiguration, authorizer: Authorizer): Authorizer {
    const decisions = this.#decisions
    let allowed: Counter | undefined
    const count = (answer: Authorization): Authorization => {
      if (answer.decision === 'Allow') (allowed ??= decisions.of(type, name, 'allowed')).inc()
      else if (answer.decision === 'Deny') decisions.of(type, name, 'denied').inc()
      return answer
    }
    const { rulesFor } = authorizer
    return {
      authorize(asked) {
        const answer = authorizer.authorize(asked)
        return answer instanceof Promise ? answer.then(count) : count(answer)
      },
      ...(rulesFor && { rulesFor: rulesFor.bind(authorizer) }),
    }
  }
}

function decisionsCounter(metrics: Metrics): Metric<Counter> {
  return metrics.counter({
    name: 'apiserver_authorization_decisions_total',
    help: 'Total number of terminal decisions made by an authorizer split by authorizer type, name, and decision.',
    labels: ['type', 'name', 'decision'],
  })
}
