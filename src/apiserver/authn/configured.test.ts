import assert from 'node:assert/strict'
import { test } from 'node:test'
import { VirtualClock } from '../../lib/clock.ts'
import { seededRandom } from '../../lib/random.ts'
import { silentLogger } from '../../lib/log.ts'
import { nextTurn } from '../../lib/turn.ts'
import { Metrics } from '../metrics/metrics.ts'
import { ConfiguredTokens } from './configured.ts'
import { noFetch } from './jwt/fetch.ts'

const OWN = 'https://kubernetes.default.svc.cluster.local'

function file(issuer: string): Uint8Array {
  return new TextEncoder().encode(
    `apiVersion: apiserver.config.k8s.io/v1\nkind: AuthenticationConfiguration\njwt: [{issuer: ${issuer}, claimMappings: {username: {claim: sub, prefix: ""}}}]\n`,
  )
}

const REFUSED: readonly (readonly [what: string, content: Uint8Array, why: string])[] = [
  [
    'who signs service account tokens',
    file(`{url: "${OWN}", audiences: [a]}`),
    `jwt[0].issuer.url: Invalid value: "${OWN}": URL must not overlap with disallowed issuers: [${OWN}]`,
  ],
  [
    'one behind an egress selector',
    file('{url: "https://i", audiences: [a], egressSelectorType: cluster}'),
    'oidc: egress lookup required with egress selector type "cluster"',
  ],
]
for (const [what, content, why] of REFUSED)
  test(`a file that comes to name as issuer ${what} is not taken over`, async () => {
    const failures: unknown[] = []
    let change: ((content: Uint8Array) => void) | undefined
    const log = { ...silentLogger, error: (_: string, fields?: object) => void failures.push(fields) }
    const configured = new ConfiguredTokens({
      env: { clock: new VirtualClock(), random: seededRandom(1), log },
      metrics: new Metrics(),
      apiAudiences: [OWN],
      accountIssuers: [OWN],
      issuers: {
        configuration: {},
        algorithms: ['RS256'],
        fetch: noFetch,
        serverId: 'me',
        file: {
          bytes: new Uint8Array(),
          serverId: 'me',
          sha256: () => '',
          follow: (changed) => ((change = changed), () => undefined),
        },
      },
    })
    configured.start()
    change?.(content)
    while (failures.length === 0) await nextTurn()
    assert.deepEqual(failures, [{ err: new Error(why) }])
    configured.stop()
  })
