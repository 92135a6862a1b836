import { secrets } from '../../api/index.ts'
import { hasReason } from '../../apimachinery/status.ts'
import { defineController, done } from '../../client/controller.ts'
import { isBootstrapToken, lastsMs } from '../bootstraptokens/secret.ts'

/** What is waited at most at a time; timers count no further than a month. */
const LONGEST_WAIT_MS = 86_400_000

/** Deletes bootstrap tokens when their time is over. */
export const tokenCleanerController = defineController({
  name: 'token-cleaner',
  serviceAccount: 'token-cleaner',
  for: secrets,
  wakes: isBootstrapToken,
  async reconcile(key, { lister, client, env }) {
    const secret = lister(secrets).get(key)
    if (!secret || !isBootstrapToken(secret)) return done
    const leftMs = lastsMs(secret, env.clock.now())
    if (leftMs === Infinity) return done
    if (leftMs > 0) return { requeueAfterMs: Math.min(leftMs, LONGEST_WAIT_MS) }
    const { uid } = secret.metadata
    try {
      await client(secrets).delete(secret, uid === undefined ? {} : { preconditions: { uid } })
    } catch (error) {
      if (!hasReason(error, 'NotFound', 'Conflict')) throw error
    }
    return done
  },
})
