import { systemClock } from '../../src/lib/clock.ts'
import { silentLogger } from '../../src/lib/log.ts'
import { systemRandom } from '../../src/lib/random.ts'
import { startGuardedApi } from '../../src/cmd/server/guarded-api.ts'
import { type HttpsListener, serveHttps } from '../../src/apiserver/http/serve.ts'
import { testCertificate } from '../../src/apiserver/http/test-certificate.ts'
import type { Store } from '../../src/store/store.ts'

/** A whole API server over a store, on loopback; `admin` is the token of an administrator. */
export async function serveApi(store: Store, port: number): Promise<Pick<HttpsListener, 'port' | 'close'>> {
  const api = await startGuardedApi({
    store,
    env: { clock: systemClock, random: systemRandom, log: silentLogger },
    rootCa: '',
    serviceCidr: '10.96.0.0/16',
    clusterDomain: 'cluster.local',
    staticTokens: new Map([['admin', { name: 'admin', groups: ['system:masters'] }]]),
  })
  await api.bootstrap({ address: '192.0.2.1', port: 6443 })
  const listener = await serveHttps(api.server, { port, host: '127.0.0.1', tls: testCertificate })
  return {
    port: listener.port,
    async close() {
      await listener.close()
      await api.stop()
    },
  }
}
