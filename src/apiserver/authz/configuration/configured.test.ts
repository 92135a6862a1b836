import assert from 'node:assert/strict'
import { test } from 'node:test'
import { VirtualClock } from '../../../lib/clock.ts'
import { silentLogger } from '../../../lib/log.ts'
import { seededRandom } from '../../../lib/random.ts'
import { Metrics } from '../../metrics/metrics.ts'
import type { RemoteService } from '../../remote/service.ts'
import { alwaysDeny, type AuthorizationAttributes } from '../types.ts'
import { ConfiguredAuthorizer } from './configured.ts'
import { loadConfiguration } from './load.ts'

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text)
const file = (...authorizers: object[]): Uint8Array =>
  bytes(JSON.stringify({ apiVersion: 'apiserver.config.k8s.io/v1', kind: 'AuthorizationConfiguration', authorizers }))

const RBAC = { type: 'RBAC', name: 'rbac' }
const webhook = (name: string): object => ({
  type: 'Webhook',
  name,
  webhook: {
    timeout: '3s',
    subjectAccessReviewVersion: 'v1',
    failurePolicy: 'Deny',
    connectionInfo: { type: 'KubeConfigFile', kubeConfigFile: '/x' },
  },
})
const ASKED: AuthorizationAttributes = {
  user: { name: 'alice', groups: [] },
  verb: 'get',
  resourceRequest: false,
  path: '/x',
  namespace: '',
  apiGroup: '',
  apiVersion: '',
  resource: '',
  subresource: '',
  name: '',
}

interface Following {
  readonly authorizer: ConfiguredAuthorizer
  readonly metrics: Metrics
  readonly closed: () => number
  readonly change: (content: Uint8Array | Error) => void
}

function following(first: Uint8Array): Following {
  const metrics = new Metrics()
  const fileProblem = (): undefined => undefined
  let change: (content: Uint8Array | Error) => void = () => assert.fail('nobody follows the file')
  let closed = 0
  const service: RemoteService = {
    url: '',
    close: () => void closed++,
    post: (body) => Promise.resolve({ ...(body as object), status: { allowed: true } }),
  }
  const authorizer = new ConfiguredAuthorizer({
    env: { clock: new VirtualClock(), random: seededRandom(1), log: silentLogger },
    metrics,
    first: [],
    node: alwaysDeny,
    rbac: alwaysDeny,
    configuration: loadConfiguration(first, fileProblem),
    connect: () => service,
    file: {
      bytes: first,
      fileProblem,
      serverId: 'apiserver-x',
      sha256: (content) => `of ${content.length}`,
      follow(changed) {
        change = changed
        return () => {}
      },
    },
  })
  authorizer.start()
  return { authorizer, metrics, closed: () => closed, change: (content) => change(content) }
}

test('authorizers change with their file, and what cannot be used changes nothing', async () => {
  const first = file(RBAC)
  const { authorizer, metrics, closed, change } = following(first)
  const decision = async (): Promise<string> => (await authorizer.authorize(ASKED)).decision
  const reloads = async (status: string): Promise<number> =>
    Number(new RegExp(`automatic_reloads_total\\{.*status="${status}"\\} (\\d+)`).exec(await metrics.text())?.[1] ?? 0)
  assert.equal(await decision(), 'NoOpinion')
  change(first)
  assert.deepEqual([await reloads('success'), await reloads('failure')], [0, 0])
  change(file(RBAC, webhook('a')))
  assert.equal(await decision(), 'Allow')
  assert.deepEqual([await reloads('success'), await reloads('failure')], [1, 0])
  // The ways that a server began with stay, and nothing but webhooks comes in.
  for (const bad of [bytes('rubbish'), file(webhook('a')), file(), new Error('no such file')]) change(bad)
  assert.deepEqual([await reloads('success'), await reloads('failure')], [1, 4])
  assert.equal(await decision(), 'Allow')
  assert.equal(closed(), 0)
  change(file(RBAC))
  assert.equal(await decision(), 'NoOpinion')
  assert.equal(closed(), 1)
  const info =
    /authorization_config_controller_last_config_info\{apiserver_id_hash="sha256:of 11",hash="sha256:of (\d+)"\} 1/
  assert.equal(info.exec(await metrics.text())?.[1], String(file(RBAC).length))
  authorizer.stop()
})

test('decisions for good are counted by who made them', async () => {
  const { authorizer, metrics } = following(file(RBAC, webhook('a')))
  for (let i = 0; i < 3; i++) await authorizer.authorize(ASKED)
  assert.match(
    await metrics.text(),
    /apiserver_authorization_decisions_total\{decision="allowed",name="a",type="Webhook"\} 3/,
  )
  assert.doesNotMatch(await metrics.text(), /decisions_total\{.*rbac/)
})
