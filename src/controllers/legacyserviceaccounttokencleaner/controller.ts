import { configMaps, pods, secrets, serviceAccounts } from '../../api/index.ts'
import { hasReason } from '../../apimachinery/status.ts'
import { defineController, done, type ControllerDefinition } from '../../client/controller.ts'
import { dayOf, INVALID_SINCE, isGeneratedFor, isMounted, isTracked, isUnused, nextStep, TOKEN_TYPE } from './plan.ts'

const DAY_MS = 86_400_000
const YEAR_MS = 365 * DAY_MS
const TRACKING = 'kube-system/kube-apiserver-legacy-service-account-token-tracking'

export interface TokenCleanerOptions {
  /** How long tokens stay that nobody uses, as upstream's --legacy-service-account-token-clean-up-period; a year unless told. */
  readonly periodMs?: number | undefined
}

/** Refuses, and later deletes, tokens of Secrets that were made by themselves and that nobody uses. */
export function legacyServiceAccountTokenCleaner({
  periodMs = YEAR_MS,
}: TokenCleanerOptions = {}): ControllerDefinition {
  const again = { requeueAfterMs: DAY_MS }
  return defineController({
    name: 'legacy-service-account-token-cleaner',
    serviceAccount: 'legacy-service-account-token-cleaner',
    for: secrets,
    wakes: (now, old) => now?.type === TOKEN_TYPE && old === undefined,
    reads: [serviceAccounts, pods],
    async reconcile(key, { lister, client, env }) {
      const secret = lister(secrets).get(key)
      if (!secret) return done
      const period = { nowMs: env.clock.now(), periodMs }
      const { name, namespace = '', uid, resourceVersion = '', annotations } = secret.metadata
      const account = lister(serviceAccounts).get(`${namespace}/${annotations?.['kubernetes.io/service-account.name']}`)
      if (!isUnused(secret, period) || !isGeneratedFor(secret, account)) return again
      if (isMounted(secret, lister(pods).list(namespace))) return again
      const step = nextStep(secret, period)
      try {
        if (!isTracked((await client(configMaps).get(TRACKING)).data?.['since'], period)) return again
        if (step === 'delete') await client(secrets).delete(secret, { preconditions: { resourceVersion } })
        if (step === 'invalidate') {
          const labels = { [INVALID_SINCE]: dayOf(period.nowMs) }
          await client(secrets).patch(secret, 'merge', { metadata: { name, namespace, uid, labels } })
        }
      } catch (error) {
        if (!hasReason(error, 'NotFound', 'Conflict')) throw error
      }
      return again
    },
  })
}
