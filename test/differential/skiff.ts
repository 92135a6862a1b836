import { serveHttps } from '../../src/apiserver/http/serve.ts'
import { networkWebhooks } from '../../src/apiserver/http/webhook-caller.ts'
import { testCertificate } from '../../src/apiserver/http/test-certificate.ts'
import { startGuardedApi } from '../../src/cmd/server/guarded-api.ts'
import { systemClock } from '../../src/lib/clock.ts'
import { silentLogger } from '../../src/lib/log.ts'
import { systemRandom } from '../../src/lib/random.ts'
import { MemoryStore } from '../../src/store/memory/store.ts'
import { leave, target, type Target } from './target.ts'

/** Starts Skiff's API server as upstream's is started: no controllers, a static token file, Node and RBAC. */
export async function startSkiff(): Promise<{ readonly target: Target; stop(): Promise<void> }> {
  const env = { clock: systemClock, random: systemRandom, log: silentLogger }
  const api = await startGuardedApi({
    store: new MemoryStore({ clock: systemClock }),
    env,
    rootCa: testCertificate.cert,
    serviceCidr: '10.96.0.0/16',
    clusterDomain: 'cluster.local',
    staticTokens: new Map([
      ['admintoken', { name: 'admin', uid: '1', groups: ['system:masters'] }],
      ['alicetoken', { name: 'alice', uid: '2', groups: ['dev'] }],
    ]),
    callWebhook: networkWebhooks(),
    freeze: true,
  })
  const listener = await serveHttps(api.server, { port: 0, host: '127.0.0.1', tls: testCertificate })
  // Upstream's, too, is started without a record of its own address.
  await api.bootstrap()
  const skiff = await target(`https://127.0.0.1:${listener.port}`)
  return {
    target: skiff,
    async stop() {
      leave(skiff)
      await listener.close()
      await api.stop()
    },
  }
}
