import { serveHttps, type HttpsListener } from '../apiserver/http/serve.ts'
import type { ApiServer } from '../apiserver/server.ts'
import { makeAuthority, makeCertificate } from '../cmd/server/certificates.ts'
import { renderKubeconfig } from '../host/kubeconfig/kubeconfig.ts'
import { systemClock } from '../lib/clock.ts'
import type { Env } from '../lib/env.ts'
import { systemRandom } from '../lib/random.ts'

/** A cluster's way in over the network. */
export interface Listening {
  /** For kubectl, Helm and whoever else reads one. */
  readonly kubeconfig: string
  readonly listener: HttpsListener
}

/**
 * Serves the API on a free port of loopback, to whoever has a certificate of a CA that is made for it and kept in memory. Certificates
 * are of the real time and of real chance, whatever the cluster's are: others check them.
 */
export async function listenOnLoopback(server: ApiServer, env: Env): Promise<Listening> {
  const real: Env = { clock: systemClock, random: systemRandom, log: env.log }
  const authority = await makeAuthority(real, 'CN=kubernetes')
  const [serving, admin] = await Promise.all([
    makeCertificate(real, authority, { name: 'CN=kube-apiserver', serves: ['localhost', '127.0.0.1'] }),
    makeCertificate(real, authority, { name: 'O=system:masters, CN=kubernetes-admin' }),
  ])
  const listener = await serveHttps(server, {
    port: 0,
    host: '127.0.0.1',
    tls: { cert: serving.cert, key: serving.key, clientCa: authority.cert },
  })
  const kubeconfig = renderKubeconfig('skiff-testing', {
    server: `https://127.0.0.1:${listener.port}`,
    caCertificate: authority.cert,
    clientCertificate: admin.cert,
    clientKey: admin.key,
  })
  return { kubeconfig, listener }
}
