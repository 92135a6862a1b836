import type { HealthCheck } from './health.ts'

/** What an API server gets done while it starts, in this order but for the last two, which go side by side. */
export type BootStage = 'guard' | 'customResources' | 'aggregation' | 'objects'

/** Under what names upstream tells of it, in upstream's order. Those alone that mean something here. */
const HOOKS: readonly (readonly [name: string, stage: BootStage])[] = [
  ['start-apiserver-admission-initializer', 'guard'],
  ['generic-apiserver-start-informers', 'guard'],
  ['priority-and-fairness-config-consumer', 'guard'],
  ['priority-and-fairness-filter', 'guard'],
  ['max-in-flight-filter', 'guard'],
  ['start-apiextensions-informers', 'customResources'],
  ['start-apiextensions-controllers', 'customResources'],
  ['crd-informer-synced', 'customResources'],
  ['start-system-namespaces-controller', 'objects'],
  ['start-cluster-authentication-info-controller', 'objects'],
  ['storage-readiness', 'guard'],
  ['start-legacy-token-tracking-controller', 'objects'],
  ['start-service-ip-repair-controllers', 'objects'],
  ['rbac/bootstrap-roles', 'objects'],
  ['scheduling/bootstrap-system-priority-classes', 'objects'],
  ['priority-and-fairness-config-producer', 'objects'],
  ['bootstrap-controller', 'objects'],
  ['start-kubernetes-service-cidr-controller', 'objects'],
  ['start-kube-aggregator-informers', 'aggregation'],
  ['apiservice-status-local-available-controller', 'aggregation'],
  ['apiservice-status-remote-available-controller', 'aggregation'],
  ['apiservice-registration-controller', 'aggregation'],
  ['apiservice-discovery-controller', 'aggregation'],
  ['kube-apiserver-autoregistration', 'objects'],
  ['apiservice-openapi-controller', 'aggregation'],
  ['apiservice-openapiv3-controller', 'aggregation'],
]

/** Upstream looks at this one by itself: that all of its own APIServices are there. */
const COMPLETION = 'autoregister-completion'

/** How far a server has got with starting, as checks of its health. */
export class BootSequence {
  readonly #done = new Set<BootStage>()
  readonly #fair: boolean

  /** `fair`: whether priority and fairness holds requests back, and not two plain limits. */
  constructor(fair: boolean) {
    this.#fair = fair
  }

  /** From now on the checks of `stage` pass. */
  done(stage: BootStage): void {
    this.#done.add(stage)
  }

  /** One for each step, of all endpoints. */
  checks(): readonly HealthCheck[] {
    const other = this.#fair ? /^max-in-flight-filter$/ : /^priority-and-fairness-(config-consumer|filter)$/
    const checks = HOOKS.filter(([name]) => !other.test(name)).map(([name, stage]) =>
      this.#check(`poststarthook/${name}`, stage),
    )
    const registered = checks.findIndex(({ name }) => name === 'poststarthook/kube-apiserver-autoregistration')
    return checks.toSpliced(registered + 1, 0, this.#check(COMPLETION, 'objects'))
  }

  #check(name: string, stage: BootStage): HealthCheck {
    return {
      name,
      check: () => {
        if (!this.#done.has(stage)) throw new Error('not finished')
      },
    }
  }
}
