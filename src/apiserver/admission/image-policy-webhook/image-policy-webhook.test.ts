import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Pod } from '../../../api/generated/types/core/v1.ts'
import type { ImageReview } from '../../../api/generated/types/imagepolicy/v1alpha1.ts'
import { VirtualClock } from '../../../lib/clock.ts'
import { GuardedServer } from '../../guarded-server.suite.ts'
import { RemoteError, type RemoteService } from '../../remote/service.ts'
import { PODS, podOf } from '../plugin-tests.suite.ts'
import { imagePolicyConfig, type ImagePolicyFields } from './config.ts'

interface Policed {
  readonly server: GuardedServer
  readonly clock: VirtualClock
  readonly asked: ImageReview['spec'][]
}

/** Images called `good` run; those called `silent` are not answered about. */
async function policed(fields: ImagePolicyFields = {}): Promise<Policed> {
  const asked: ImageReview['spec'][] = []
  const clock = new VirtualClock()
  const imagePolicy: RemoteService = {
    url: 'https://images.example.com',
    close: () => undefined,
    post(body) {
      const { spec } = body as ImageReview
      asked.push(spec)
      const images = (spec.containers ?? []).map(({ image }) => image)
      if (images.includes('silent')) return Promise.reject(new RemoteError('nobody there'))
      const allowed = images.every((image) => image === 'good')
      const reason = images.includes('bad') ? 'too old' : undefined
      return Promise.resolve({ status: { allowed, reason, auditAnnotations: { seen: String(images.length) } } })
    },
  }
  const admission = { enable: ['ImagePolicyWebhook'], imagePolicy: imagePolicyConfig(fields) }
  const server = await GuardedServer.start({ clock, imagePolicy, admission })
  await server.create('/api/v1/namespaces/default/serviceaccounts', { metadata: { name: 'default' } })
  return { server, clock, asked }
}

const running = (name: string, ...images: string[]): object =>
  podOf(name, { containers: images.map((image, index) => ({ name: `c${index}`, image })) })

test('the service says which images run, and why others do not', async () => {
  const { server, asked } = await policed()
  const annotated = {
    ...running('a', 'good'),
    metadata: { name: 'a', annotations: { 'x.image-policy.k8s.io/b': 'c', d: 'e' } },
  }
  await server.create(PODS, annotated)
  assert.deepEqual(asked, [
    { containers: [{ image: 'good' }], annotations: { 'x.image-policy.k8s.io/b': 'c' }, namespace: 'default' },
  ])
  assert.equal(
    await server.refused(403, 'POST', PODS, running('b', 'good', 'bad')),
    'pods "b" is forbidden: image policy webhook backend denied one or more images: too old',
  )
  assert.equal(
    await server.refused(403, 'POST', PODS, running('b', 'other')),
    'pods "b" is forbidden: one or more images rejected by webhook backend',
  )
})

test('admission bypassed by ephemeral container: what a pod gets later is asked about too', async () => {
  const { server, asked } = await policed()
  const made = await server.create<Pod>(PODS, running('a', 'good'))
  const debugging = { ...made, spec: { ...made.spec, ephemeralContainers: [{ name: 'd', image: 'bad' }] } }
  await server.expect(403, 'PUT', `${PODS}/a/ephemeralcontainers`, debugging)
  assert.deepEqual(asked.at(-1)?.containers, [{ image: 'bad' }])
})

test('answers are remembered for as long as told', async () => {
  const { server, clock, asked } = await policed({ allowTTL: 60, denyTTL: 2 })
  for (const name of ['a', 'b']) await server.create(PODS, running(name, 'good'))
  for (let i = 0; i < 2; i++) await server.expect(403, 'POST', PODS, running('c', 'bad'))
  assert.equal(asked.length, 2)
  await clock.advance(2000)
  await server.expect(403, 'POST', PODS, running('c', 'bad'))
  await server.create(PODS, running('d', 'good'))
  assert.equal(asked.length, 3)
  await clock.advance(58_000)
  await server.create(PODS, running('e', 'good'))
  assert.equal(asked.length, 4)
})

test('where the service does not answer the configuration decides', async () => {
  const closed = await policed()
  assert.equal(
    await closed.server.refused(403, 'POST', PODS, running('a', 'silent')),
    'pods "a" is forbidden: nobody there',
  )
  const open = await policed({ defaultAllow: true })
  await open.server.create(PODS, running('a', 'silent'))
})

test('times are within bounds', () => {
  const { allowTtlMs, denyTtlMs, retryBackoffMs } = imagePolicyConfig({ denyTTL: -1, retryBackoff: 20 })
  assert.deepEqual([allowTtlMs, denyTtlMs, retryBackoffMs], [300_000, 0, 20])
  assert.throws(() => imagePolicyConfig({ allowTTL: 99_999 }), {
    message: 'valid value is between 1s and 30m0s, got 27h46m39s',
  })
})
