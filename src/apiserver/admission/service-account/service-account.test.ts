import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Pod } from '../../../api/generated/types/core/v1.ts'
import type { GuardedServer } from '../../guarded-server.suite.ts'
import { PODS, podOf, serverWith } from '../plugin-tests.suite.ts'

const ACCOUNTS = '/api/v1/namespaces/default/serviceaccounts'
const BELONGS = 'is not allowed because service account limited does not reference that'

/** With an account whose pods may use the Secret s1 and pull with p1 alone. */
async function withLimited(): Promise<GuardedServer> {
  const server = await serverWith({})
  await server.create(ACCOUNTS, {
    metadata: { name: 'limited', annotations: { 'kubernetes.io/enforce-mountable-secrets': 'true' } },
    secrets: [{ name: 's1' }],
    imagePullSecrets: [{ name: 'p1' }],
  })
  return server
}

const container = (secret: string, by: 'env' | 'envFrom', name = 'c'): object => ({
  name,
  image: 'i',
  ...(by === 'env'
    ? { env: [{ name: 'A', valueFrom: { secretKeyRef: { name: secret, key: 'k' } } }] }
    : { envFrom: [{ secretRef: { name: secret } }] }),
})
const limited = (name: string, spec: object): object => podOf(name, { serviceAccountName: 'limited', ...spec })

test('pods of a limited account use the Secrets that it lists', async (t) => {
  const server = await withLimited()
  const volume = (secretName: string): object => ({ volumes: [{ name: 'v', secret: { secretName } }] })
  const cases: readonly [string, object, string][] = [
    ['a volume', volume('s2'), `volume with secret.secretName="s2" ${BELONGS} secret`],
    [
      'a variable',
      { containers: [container('s2', 'env')] },
      `container c with envVar A referencing secret.secretName="s2" ${BELONGS} secret`,
    ],
    [
      'all variables',
      { containers: [container('s2', 'envFrom')] },
      `container c with envFrom referencing secret.secretName="s2" ${BELONGS} secret`,
    ],
    [
      'a container that runs first',
      { initContainers: [container('s2', 'envFrom', 'd')] },
      `init container d with envFrom referencing secret.secretName="s2" ${BELONGS} secret`,
    ],
    [
      'pulling',
      { imagePullSecrets: [{ name: 'p1' }, { name: 'p2' }] },
      `imagePullSecrets[1].name="p2" ${BELONGS} imagePullSecret`,
    ],
  ]
  for (const [name, spec, why] of cases) {
    await t.test(name, async () =>
      assert.equal(await server.refused(403, 'POST', PODS, limited('p', spec)), `pods "p" is forbidden: ${why}`),
    )
  }
  const all = {
    ...volume('s1'),
    containers: [container('s1', 'env')],
    initContainers: [container('s1', 'envFrom', 'd')],
  }
  await server.create(PODS, limited('fine', all))
})

test('admission bypassed by ephemeral container: what comes later uses no other Secrets', async () => {
  const server = await withLimited()
  const pod = await server.create<Pod>(PODS, limited('p', {}))
  const put = (secret: string): object => ({
    ...pod,
    spec: { ...pod.spec, ephemeralContainers: [container(secret, 'env', 'e')] },
  })
  assert.equal(
    await server.refused(500, 'PUT', `${PODS}/p/ephemeralcontainers`, put('s2')),
    `ephemeral container e with envVar A referencing secret.secretName="s2" ${BELONGS} secret`,
  )
  await server.expect(200, 'PUT', `${PODS}/p/ephemeralcontainers`, put('s1'))
})

test('a token is mounted where the pod, or else its account, does not say no; pull secrets are the account’s unless the pod has its own', async () => {
  const server = await serverWith({})
  await server.create(ACCOUNTS, {
    metadata: { name: 'quiet' },
    automountServiceAccountToken: false,
    imagePullSecrets: [{ name: 'p1' }],
  })
  const made = async (name: string, spec: object): Promise<Pod['spec']> =>
    (await server.create<Pod>(PODS, podOf(name, { automountServiceAccountToken: undefined, ...spec }))).spec
  const quiet = await made('a', { serviceAccountName: 'quiet' })
  assert.deepEqual([quiet.volumes, quiet.imagePullSecrets], [undefined, [{ name: 'p1' }]])
  const own = { serviceAccountName: 'quiet', automountServiceAccountToken: true, imagePullSecrets: [{ name: 'q' }] }
  const loud = await made('b', own)
  assert.deepEqual([loud.volumes?.length, loud.imagePullSecrets], [1, [{ name: 'q' }]])
  const mounted = { name: 'x', mountPath: '/var/run/secrets/kubernetes.io/serviceaccount' }
  const there = await made('c', {
    containers: [{ name: 'c', image: 'i', volumeMounts: [mounted] }],
    volumes: [{ name: 'x', emptyDir: {} }],
  })
  assert.deepEqual(
    there.volumes?.map(({ name }) => name),
    ['x'],
  )
})
