import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Frozen } from '../../apimachinery/meta.ts'
import type { Secret } from '../../api/generated/types/core/v1.ts'
import { VirtualClock } from '../../lib/clock.ts'
import { silentLogger } from '../../lib/log.ts'
import { seededRandom } from '../../lib/random.ts'
import { SimulatedImages } from '../simulated/images.ts'
import type { ImageScript } from '../simulated/script.ts'
import { StartError } from '../start-error.ts'
import { testPod } from '../testing/objects.ts'
import { credentialsFor } from './credentials.ts'
import { ImageCollector } from './collector.ts'
import { ImagePuller, type ImageRequest } from './puller.ts'
import type { Files } from '../host/files.ts'
import { parseImage, withDefaultTag } from './reference.ts'

test('image names are taken apart by distribution’s grammar', () => {
  const digest = `sha256:${'a'.repeat(64)}`
  const cases: [string, string | undefined][] = [
    ['busybox', 'docker.io library/busybox latest '],
    ['busybox:1.36', 'docker.io library/busybox 1.36 '],
    ['team/app', 'docker.io team/app latest '],
    ['localhost/app', 'localhost app latest '],
    ['reg.example.com:5000/a/b_c:v1', 'reg.example.com:5000 a/b_c v1 '],
    [`k8s.gcr.io/pause@${digest}`, `k8s.gcr.io pause  ${digest}`],
    ['UPPER', undefined],
    ['a//b', undefined],
    ['', undefined],
    ['name:', undefined],
    ['x/-bad', undefined],
  ]
  for (const [name, want] of cases) {
    const parsed = parseImage(name)
    assert.equal(parsed && [parsed.registry, parsed.repository, parsed.tag, parsed.digest].join(' '), want, name)
  }
  assert.equal(withDefaultTag('busybox'), 'busybox:latest')
  assert.equal(withDefaultTag('busybox:1'), 'busybox:1')
  assert.throws(() => withDefaultTag('UPPER'), {
    message: 'couldn\'t parse image name "UPPER": invalid reference format: repository name must be lowercase',
  })
})

const secret = (auths: object): Frozen<Secret> => ({
  metadata: { name: 's' },
  type: 'kubernetes.io/dockerconfigjson',
  data: { '.dockerconfigjson': btoa(JSON.stringify({ auths })) },
})

test('credentials: those that fit, the most specific first', () => {
  const auth = (user: string): object => ({ auth: btoa(`${user}:pw`) })
  const secrets = [
    secret({
      'https://reg.example.com/v1/': auth('registry'),
      'reg.example.com/team': auth('team'),
      '*.example.com': auth('wildcard'),
      'other.example.com': auth('other'),
      'index.docker.io/v1/': { username: 'hub', password: 'x' },
    }),
  ]
  const users = (image: string): unknown[] => credentialsFor(image, secrets).map(({ username }) => username)
  assert.deepEqual(users('reg.example.com/team/app:1'), ['team', 'registry', 'wildcard'])
  assert.deepEqual(users('reg.example.com/teammate/app'), ['registry', 'wildcard'])
  assert.deepEqual(users('busybox'), ['hub'])
  assert.deepEqual(users('a.b.example.com/x'), [])
})

test('secrets that hold no configuration are passed over', () => {
  const bad: Frozen<Secret>[] = [
    { metadata: {}, type: 'Opaque', data: {} },
    { metadata: {}, type: 'kubernetes.io/dockerconfigjson', data: { '.dockerconfigjson': btoa('{') } },
    {
      metadata: {},
      type: 'kubernetes.io/dockercfg',
      data: { '.dockercfg': btoa('{"reg.io":{"username":"old","password":"p"}}') },
    },
  ]
  assert.deepEqual(
    credentialsFor('reg.io/x', bad).map(({ username }) => username),
    ['old'],
  )
})

/** A puller over one image with a script, and what it says. */
function puller(script: ImageScript): {
  clock: VirtualClock
  said: string[]
  ensure: (more?: Partial<ImageRequest>) => Promise<string>
} {
  const clock = new VirtualClock()
  const env = { clock, random: seededRandom(1), log: silentLogger }
  const images = new ImagePuller({ images: new SimulatedImages(env, { image: () => script }), env, parallel: 1 })
  const said: string[] = []
  const request: ImageRequest = {
    pod: testPod(),
    image: 'busybox:1',
    policy: 'IfNotPresent',
    secrets: [],
    sandbox: {},
    event: (_, reason, message) => said.push(`${reason}: ${message}`),
  }
  const ensure = (more: Partial<ImageRequest> = {}): Promise<string> =>
    images.ensure({ ...request, ...more }).then(
      ({ ref }) => ref,
      (error: unknown) => {
        assert.ok(error instanceof StartError)
        return error.reason
      },
    )
  return { clock, said, ensure }
}

test('an image that is there is used as it is, unless it is to be pulled always', async () => {
  const { said, ensure } = puller({})
  await ensure()
  assert.deepEqual(said.splice(0), [
    'Pulled: Container image "busybox:1" already present on machine and can be accessed by the pod',
  ])
  await ensure({ policy: 'Always' })
  assert.equal(said[0], 'Pulling: Pulling image "busybox:1"')
})

test('an image that is not there is pulled, or not, by policy', async () => {
  const { clock, said, ensure } = puller({ absent: true, pullMs: 1500, sizeBytes: 42 })
  assert.equal(await ensure({ policy: 'Never' }), 'ErrImageNeverPull')
  said.length = 0
  const pulled = ensure()
  await clock.advance(2000)
  assert.match(await pulled, /busybox/)
  assert.equal(
    said[1],
    'Pulled: Successfully pulled image "busybox:1" in 1.5s (1.5s including waiting). Image size: 42 bytes.',
  )
})

test('a failed pull is backed off from, longer each time', async () => {
  const { clock, said, ensure } = puller({ absent: true, pullError: 'gone' })
  assert.equal(await ensure(), 'ErrImagePull')
  assert.equal(await ensure(), 'ImagePullBackOff')
  assert.equal(said.at(-1), 'BackOff: Back-off pulling image "busybox:1"')
  await clock.advance(10_000)
  assert.equal(await ensure(), 'ErrImagePull')
  await clock.advance(10_000)
  assert.equal(await ensure(), 'ImagePullBackOff')
  await clock.advance(10_000)
  assert.equal(await ensure(), 'ErrImagePull')
})

test('a name that is none is said to be none', async () => {
  const { said, ensure } = puller({})
  assert.equal(await ensure({ image: 'UPPER' }), 'InvalidImageName')
  assert.match(said[0] ?? '', /^InspectFailed: Failed to apply default image tag "UPPER": couldn't parse image name/)
})

test('unused images go when the disk is full, those unused for longest first', async () => {
  const clock = new VirtualClock()
  const env = { clock, random: seededRandom(1), log: silentLogger }
  const images = new SimulatedImages(env, { image: () => ({ sizeBytes: 6 }) })
  let available = 50
  const files = {
    statfs: () => Promise.resolve({ capacityBytes: 100, availableBytes: available, inodes: 1, inodesFree: 1 }),
  } as unknown as Files
  const using = new Set(['used:1'])
  const collector = new ImageCollector({ images, files, env, dir: '/', inUse: () => using })
  for (const image of ['used:1', 'old:1', 'new:1']) {
    await images.imageStatus({ image })
    await collector.collect()
    await clock.advance(60_000)
  }
  await clock.advance(60_000)
  assert.deepEqual(await collector.collect(), [], 'there is room')
  available = 14
  assert.deepEqual(await collector.collect(), ['sha256:simulated/old:1'])
  available = 5
  assert.deepEqual(await collector.collect(), ['sha256:simulated/new:1'], 'what is in use stays')
})
