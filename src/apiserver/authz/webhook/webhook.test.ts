import assert from 'node:assert/strict'
import { test } from 'node:test'
import { VirtualClock } from '../../../lib/clock.ts'
import { silentLogger } from '../../../lib/log.ts'
import { seededRandom } from '../../../lib/random.ts'
import { GuardedServer } from '../../guarded-server.suite.ts'
import { handle } from '../../inprocess/handle.ts'
import { Metrics } from '../../metrics/metrics.ts'
import { RemoteError, type RemoteService } from '../../remote/service.ts'
import type { WebhookConfiguration } from '../configuration/types.ts'
import type { AuthorizationAttributes } from '../types.ts'
import { WebhookAuthorizer } from './authorizer.ts'
import { webhookMetrics } from './metrics.ts'

const CONFIGURATION: WebhookConfiguration = {
  authorizedTtlMs: 300_000,
  unauthorizedTtlMs: 30_000,
  timeoutMs: 3000,
  version: 'v1',
  failurePolicy: 'NoOpinion',
  kubeConfigFile: '/x',
  matchConditions: [],
}

type Status = { readonly [field: string]: unknown }

function service(
  answer: (spec: { resourceAttributes?: { name?: string } }) => Status | Error,
): RemoteService & { readonly seen: unknown[] } {
  const seen: unknown[] = []
  return {
    url: 'http://x',
    seen,
    close: () => {},
    async post(body) {
      seen.push(body)
      const { kind, apiVersion, spec } = body as { kind: string; apiVersion: string; spec: object }
      const status = answer(spec)
      if (status instanceof Error) throw status
      return { kind, apiVersion, status }
    },
  }
}

interface Made {
  readonly authorizer: WebhookAuthorizer
  readonly clock: VirtualClock
  readonly metrics: Metrics
}

function made(remote: RemoteService, changes: Partial<WebhookConfiguration> = {}): Made {
  const clock = new VirtualClock()
  const metrics = new Metrics()
  const authorizer = new WebhookAuthorizer({
    name: 'w',
    configuration: { ...CONFIGURATION, ...changes },
    service: remote,
    env: { clock, random: seededRandom(1), log: silentLogger },
    metrics: webhookMetrics(metrics),
  })
  return { authorizer, clock, metrics }
}

const asked = (changes: Partial<AuthorizationAttributes> = {}): AuthorizationAttributes => ({
  user: { name: 'alice', groups: ['dev', 'system:authenticated'], uid: '2' },
  verb: 'get',
  resourceRequest: true,
  path: '/api/v1/namespaces/d/configmaps/x',
  namespace: 'd',
  apiGroup: '',
  apiVersion: 'v1',
  resource: 'configmaps',
  subresource: '',
  name: 'x',
  ...changes,
})

test('a service is asked as kube-apiserver asks it', async () => {
  const remote = service(() => ({ allowed: true }))
  const { authorizer } = made(remote)
  await authorizer.authorize(asked())
  const list = { verb: 'list', resource: 'pods', name: '', fieldSelector: 'metadata.name=x,a!=b' }
  await authorizer.authorize(asked({ ...list, labelSelector: 'a=b,c in (x,y),!z,w,q>1,n!=m' }))
  await authorizer.authorize(asked({ ...list, fieldSelector: 'xx', labelSelector: ',,,' }))
  await authorizer.authorize(asked({ resourceRequest: false, path: '/foo' }))
  const user = { user: 'alice', groups: ['dev', 'system:authenticated'], uid: '2' }
  const review = (spec: object): object => ({
    kind: 'SubjectAccessReview',
    apiVersion: 'authorization.k8s.io/v1',
    metadata: {},
    spec: { ...spec, ...user },
    status: { allowed: false },
  })
  const pods = { namespace: 'd', verb: 'list', version: 'v1', resource: 'pods' }
  const selectors = {
    fieldSelector: {
      requirements: [
        { key: 'a', operator: 'NotIn', values: ['b'] },
        { key: 'metadata.name', operator: 'In', values: ['x'] },
      ],
    },
    labelSelector: {
      requirements: [
        { key: 'a', operator: 'In', values: ['b'] },
        { key: 'c', operator: 'In', values: ['x', 'y'] },
        { key: 'n', operator: 'NotIn', values: ['m'] },
        { key: 'w', operator: 'Exists' },
        { key: 'z', operator: 'DoesNotExist' },
      ],
    },
  }
  assert.deepEqual(remote.seen, [
    review({ resourceAttributes: { namespace: 'd', verb: 'get', version: 'v1', resource: 'configmaps', name: 'x' } }),
    review({ resourceAttributes: { ...pods, ...selectors } }),
    review({ resourceAttributes: pods }),
    review({ nonResourceAttributes: { path: '/foo', verb: 'get' } }),
  ])
  const old = service(() => ({ allowed: true }))
  await made(old, { version: 'v1beta1' }).authorizer.authorize(asked({ resourceRequest: false, path: '/foo' }))
  assert.deepEqual(old.seen, [
    {
      ...review({}),
      apiVersion: 'authorization.k8s.io/v1beta1',
      spec: {
        nonResourceAttributes: { path: '/foo', verb: 'get' },
        user: 'alice',
        group: ['dev', 'system:authenticated'],
        uid: '2',
      },
    },
  ])
})

test('what a service says is the decision', async () => {
  const both = 'webhook subject access review returned both allow and deny response'
  const cases: readonly [status: Status, decision: object][] = [
    [{ allowed: true }, { decision: 'Allow', reason: '' }],
    [{ allowed: false }, { decision: 'NoOpinion', reason: '' }],
    [
      { allowed: false, reason: 'because' },
      { decision: 'NoOpinion', reason: 'because' },
    ],
    [
      { allowed: false, denied: true, reason: 'never' },
      { decision: 'Deny', reason: 'never' },
    ],
    [
      { allowed: true, denied: true },
      { decision: 'Deny', reason: '', error: both },
    ],
    [{ allowed: 'true' }, { decision: 'NoOpinion', reason: '' }],
  ]
  for (const [status, decision] of cases)
    assert.deepEqual(await made(service(() => status)).authorizer.authorize(asked()), decision, JSON.stringify(status))
})

test('an answer of another kind or version opens no door', async () => {
  const answers: readonly [body: unknown, error: string][] = [
    [
      { kind: 'SubjectAccessReview', apiVersion: 'authorization.k8s.io/v1beta1', status: { allowed: true } },
      'converting (v1beta1.SubjectAccessReview) to (v1.SubjectAccessReview): unknown conversion',
    ],
    [
      { kind: 'Pod', apiVersion: 'v1', status: { allowed: true } },
      'converting (v1.Pod) to (v1.SubjectAccessReview): unknown conversion',
    ],
  ]
  for (const [body, error] of answers) {
    const remote = { ...service(() => ({})), post: () => Promise.resolve(body) }
    assert.deepEqual(await made(remote).authorizer.authorize(asked()), { decision: 'NoOpinion', error })
    const strict = made(remote, { failurePolicy: 'Deny' })
    assert.deepEqual(await strict.authorizer.authorize(asked()), { decision: 'Deny', error })
  }
})

test('answers are remembered, good ones longer than bad ones, and never those that a client made too long', async () => {
  const remote = service(({ resourceAttributes }) => ({ allowed: resourceAttributes?.name === 'good' }))
  const { authorizer, clock } = made(remote)
  const times = async (name: string): Promise<number> => {
    const before = remote.seen.length
    await authorizer.authorize(asked({ name }))
    return remote.seen.length - before
  }
  assert.deepEqual([await times('good'), await times('bad')], [1, 1])
  await clock.advance(29_000)
  assert.deepEqual([await times('good'), await times('bad')], [0, 0])
  await clock.advance(2000)
  assert.deepEqual([await times('good'), await times('bad')], [0, 1])
  await clock.advance(280_000)
  assert.equal(await times('good'), 1)
  // Verb, namespace, version, resource and path are of this length with it.
  const rest = 'dgetv1configmaps/api/v1/namespaces/d/configmaps/x'.length
  assert.deepEqual([await times('n'.repeat(9_999 - rest)), await times('n'.repeat(9_999 - rest))], [1, 0])
  assert.deepEqual([await times('n'.repeat(10_000 - rest)), await times('n'.repeat(10_000 - rest))], [1, 1])
  const forgetful = made(remote, { authorizedTtlMs: 0 })
  const before = remote.seen.length
  for (let i = 0; i < 2; i++) await forgetful.authorizer.authorize(asked({ name: 'good' }))
  assert.equal(remote.seen.length - before, 2)
})

test('a service that fails is asked again, and then the failure policy decides', async () => {
  const failures = [true, true, false]
  const flaky = service(() =>
    failures.shift() ? new RemoteError('broken', { status: 500, retry: true }) : { allowed: true },
  )
  const { authorizer, clock, metrics } = made(flaky)
  const decision = authorizer.authorize(asked())
  await clock.advance(5000)
  assert.equal((await decision).decision, 'Allow')
  assert.match(await metrics.text(), /apiserver_authorization_webhook_evaluations_total\{name="w",result="error"\} 2/)
  assert.match(await metrics.text(), /apiserver_authorization_webhook_evaluations_total\{name="w",result="success"\} 1/)
  const late = service(() => new RemoteError('late', { timedOut: true }))
  const open = made(late)
  assert.deepEqual(await open.authorizer.authorize(asked()), { decision: 'NoOpinion', error: 'late' })
  const failOpen = /apiserver_authorization_webhook_evaluations_fail_open_total\{name="w",result="timeout"\} 1/
  assert.match(await open.metrics.text(), failOpen)
  const closed = made(late, { failurePolicy: 'Deny' })
  assert.deepEqual(await closed.authorizer.authorize(asked()), { decision: 'Deny', error: 'late' })
  assert.doesNotMatch(await closed.metrics.text(), /fail_open_total\{/)
})

/** Never answers; says when it is asked, and fails when it is told to stop. */
function silent(): RemoteService & { readonly asked: Promise<AbortSignal> } {
  const { promise, resolve } = Promise.withResolvers<AbortSignal>()
  return {
    url: 'http://x',
    close: () => {},
    asked: promise,
    post: (_body, signal) =>
      new Promise((_resolve, reject) => {
        assert.ok(signal)
        signal.addEventListener('abort', () => reject(new RemoteError('context canceled')))
        resolve(signal)
      }),
  }
}

test('a service is asked no longer than somebody waits for its answer', async () => {
  const remote = silent()
  const { authorizer, metrics } = made(remote)
  const caller = new AbortController()
  const decision = authorizer.authorize(asked({ caller }))
  await remote.asked
  caller.abort()
  assert.deepEqual(await decision, { decision: 'NoOpinion', error: 'context canceled' })
  assert.match(await metrics.text(), /evaluations_total\{name="w",result="canceled"\} 1/)
  assert.doesNotMatch(await metrics.text(), /fail_open_total\{/)
})

test('nobody is asked again for one who has gone', async () => {
  const caller = new AbortController()
  const remote = service(() => new RemoteError('broken', { status: 500, retry: true }))
  const { authorizer, clock } = made(remote, { failurePolicy: 'Deny' })
  const decision = authorizer.authorize(asked({ caller }))
  await clock.advance(0)
  caller.abort()
  assert.deepEqual(await decision, { decision: 'Deny', error: 'broken' })
  assert.equal(remote.seen.length, 1)
})

test('a request that is given up gives up what is asked for it, as does a review', async () => {
  for (const send of [
    { method: 'GET', path: '/api/v1/pods' },
    { method: 'POST', path: '/apis/authorization.k8s.io/v1/selfsubjectaccessreviews', body: OWN_REVIEW },
  ]) {
    const remote = silent()
    const server = await GuardedServer.start({
      authorization: {
        configuration: {
          authorizers: [
            { type: 'RBAC', name: 'rbac' },
            { type: 'Webhook', name: 'w', webhook: CONFIGURATION },
          ],
        },
        connect: () => remote,
      },
    })
    const client = new AbortController()
    const alice = { name: 'alice', groups: ['system:authenticated'] }
    const answer = handle(server.server, { ...send, signal: client.signal }, alice)
    await remote.asked
    client.abort()
    assert.notEqual((await answer).status, 200)
  }
})

const OWN_REVIEW = { spec: { resourceAttributes: { verb: 'get', resource: 'pods' } } }

test('conditions decide whether a service is asked', async () => {
  const remote = service(() => ({ allowed: true }))
  const matchConditions = [
    `request.user == 'alice'`,
    `request.resourceAttributes.namespace != 'fail' || request.resourceAttributes.fieldSelector.requirements.size() > 0`,
  ]
  const { authorizer, metrics } = made(remote, { matchConditions })
  assert.equal((await authorizer.authorize(asked({ user: { name: 'bob', groups: [] } }))).decision, 'NoOpinion')
  assert.equal(remote.seen.length, 0)
  assert.deepEqual(await authorizer.authorize(asked({ namespace: 'fail' })), {
    decision: 'NoOpinion',
    error: `cel evaluation error: expression '${matchConditions[1]}' resulted in error: no such key: fieldSelector`,
  })
  assert.equal(remote.seen.length, 0)
  const selecting = asked({ namespace: 'fail', verb: 'list', fieldSelector: 'a=b' })
  assert.equal((await authorizer.authorize(selecting)).decision, 'Allow')
  assert.match(await metrics.text(), /match_condition_exclusions_total\{name="w",type="Webhook"\} 1/)
  assert.match(await metrics.text(), /match_condition_evaluation_errors_total\{name="w",type="Webhook"\} 1/)
  const dear = made(remote, {
    matchConditions: [
      `[1,2,3,4,5,6,7,8,9,0].all(a, [1,2,3,4,5,6,7,8,9,0].all(b, [1,2,3,4,5,6,7,8,9,0].all(c, [1,2,3,4,5,6,7,8,9,0].all(d, [1,2,3,4,5,6,7,8,9,0].all(e, [1,2,3,4,5,6,7,8,9,0].all(f, [1,2,3,4,5,6,7,8,9,0].all(g, true)))))))`,
    ],
    failurePolicy: 'Deny',
  })
  const refusal = await dear.authorizer.authorize(asked())
  assert.equal(refusal.decision, 'Deny')
  assert.match(refusal.error ?? '', /cost limit exceeded/)
})

test('a server asks the services of its configuration, and fails when it cannot know', async () => {
  const remote = service(({ resourceAttributes }) => {
    if (resourceAttributes?.name === 'boom') return new RemoteError('the <service> is gone')
    return { allowed: resourceAttributes?.name === 'yes', reason: 'because' }
  })
  const server = await GuardedServer.start({
    authorization: {
      configuration: {
        authorizers: [
          { type: 'RBAC', name: 'rbac' },
          { type: 'Webhook', name: 'w', webhook: CONFIGURATION },
        ],
      },
      connect: () => remote,
    },
  })
  const alice = server.as('alice')
  await alice.expect(404, 'GET', '/api/v1/namespaces/d/configmaps/yes')
  assert.equal(
    await alice.refused(403, 'GET', '/api/v1/namespaces/d/configmaps/no'),
    'configmaps "no" is forbidden: User "alice" cannot get resource "configmaps" in API group "" in the namespace "d": because',
  )
  assert.equal(
    await alice.expect(500, 'GET', '/api/v1/namespaces/d/configmaps/boom'),
    'Internal Server Error: "/api/v1/namespaces/d/configmaps/boom": the &lt;service&gt; is gone\n',
  )
  assert.equal(remote.seen.length, 3)
  await server.expect(404, 'GET', '/api/v1/namespaces/d/configmaps/no')
  assert.equal(remote.seen.length, 3, 'of superusers nobody is asked')
})
