import { handle } from '../../../src/apiserver/inprocess/handle.ts'
import { startGuardedApi } from '../../../src/cmd/server/guarded-api.ts'
import { systemClock } from '../../../src/lib/clock.ts'
import { silentLogger } from '../../../src/lib/log.ts'
import { seededRandom } from '../../../src/lib/random.ts'
import { MemoryStore } from '../../../src/store/memory/store.ts'
import { given } from './given.ts'
import { type Ask, type Live, makeLive } from './live.ts'
import { mutated, type Mutation } from './pointer.ts'
import { type Base, type Outcome, outcomeOf } from './recorded.ts'

const ADMIN = { name: 'admin', uid: '1', groups: ['system:masters', 'system:authenticated'] }

/** Skiff's API server without a socket, and its answer to the creation of a changed base. */
export interface Skiff {
  answer(base: Base, mutation: Mutation): Promise<Outcome>
  live(base: Base): Promise<Live | undefined>
  stop(): Promise<void>
}

export async function startSkiff(): Promise<Skiff> {
  const env = { clock: systemClock, random: seededRandom(1), log: silentLogger }
  const store = new MemoryStore({ clock: systemClock })
  const api = await startGuardedApi({
    store,
    env,
    rootCa: '',
    serviceCidr: '10.96.0.0/16',
    clusterDomain: 'cluster.local',
  })
  await api.bootstrap()
  for (const [path, body] of given) await handle(api.server, { method: 'POST', path, body }, ADMIN)
  const ask: Ask = async (method, path, sent) => {
    const contentType = method === 'PATCH' ? 'application/merge-patch+json' : 'application/json'
    const answer = await handle(
      api.server,
      { method, path, headers: { 'content-type': contentType }, body: sent },
      ADMIN,
    )
    return { outcome: outcomeOf(answer.status, answer.body, answer.headers['warning']), body: answer.body }
  }
  return {
    live: (base) => makeLive(ask, base),
    async answer({ path, object }, mutation) {
      const body = mutated(object, mutation)
      const answer = await handle(api.server, { method: 'POST', path: `${path}?dryRun=All`, body }, ADMIN)
      return outcomeOf(answer.status, answer.body, answer.headers['warning'])
    },
    stop: () => api.stop(),
  }
}
