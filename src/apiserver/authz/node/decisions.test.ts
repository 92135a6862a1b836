import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { persistentVolumeClaims } from '../../../api/core/v1/persistentvolumeclaim.ts'
import { persistentVolumes } from '../../../api/core/v1/persistentvolume.ts'
import { pods } from '../../../api/core/v1/pod.ts'
import { resourceSlices } from '../../../api/resource/v1/resourceslice.ts'
import { volumeAttachments } from '../../../api/storage/v1/volumeattachment.ts'
import { VirtualClock } from '../../../lib/clock.ts'
import { silentLogger } from '../../../lib/log.ts'
import { seededRandom } from '../../../lib/random.ts'
import { MemoryStore } from '../../../store/memory/store.ts'
import type { Authorization } from '../types.ts'
import { nodeAuthorizer } from './authorizer.ts'
import { NodeGraph } from './node-graph.ts'

/** `node verb resource object fieldSelector decision [reason]`, with - for nothing: what upstream's own tests say, all features as they are by default. */
const { decisions } = JSON.parse(readFileSync(join(import.meta.dirname, 'testdata/decisions.json'), 'utf8')) as {
  decisions: string[]
}

/** An authorizer over a store to be filled. */
class World {
  readonly #clock = new VirtualClock()
  readonly #store = new MemoryStore({ clock: this.#clock })
  readonly #graph = new NodeGraph(this.#store, { clock: this.#clock, random: seededRandom(1), log: silentLogger })
  readonly #authorizer = nodeAuthorizer(this.#graph)

  async put(
    { storagePrefix }: { readonly storagePrefix: string },
    key: string,
    fields: Record<string, unknown>,
  ): Promise<void> {
    const [name, namespace] = key.split('/').toReversed()
    const object = { metadata: { name, ...(namespace && { namespace }) }, ...fields }
    await this.#store.write({ key: `${storagePrefix}/${key}`, value: new TextEncoder().encode(JSON.stringify(object)) })
  }

  async ask(node: string, verb: string, what: string, object: string, fieldSelector = ''): Promise<Authorization> {
    const [resourceAndGroup = '', subresource = ''] = what.split('/')
    const [resource = '', ...group] = resourceAndGroup.split('.')
    const [name = '', namespace = ''] = object.split('/').toReversed()
    return this.#authorizer.authorize({
      user: { name: `system:node:${node}`, groups: ['system:nodes'] },
      resourceRequest: true,
      path: '',
      apiVersion: 'v1',
      apiGroup: group.join('.'),
      verb,
      resource,
      subresource,
      name,
      namespace,
      ...(fieldSelector && { fieldSelector }),
    })
  }

  async mayRead(node: string, what: string, object: string): Promise<boolean> {
    return (await this.ask(node, 'get', what, object)).decision === 'Allow'
  }

  stop(): void {
    this.#graph.stop()
  }
}

/** Two nodes with two pods each, every pod with a secret, a config map, a volume and claims of its own, and a secret that all share. */
async function twoNodes(): Promise<World> {
  const world = new World()
  for (const node of ['node0', 'node1']) {
    await world.put(volumeAttachments, `attachment0-${node}`, { spec: { nodeName: node } })
    for (const i of [0, 1, 2]) await world.put(resourceSlices, `slice${i}-${node}`, { spec: { nodeName: node } })
    for (const i of [0, 1]) await putPod(world, node, `pod${i}-${node}`, `ns${i}`, `svcacct${i}-${node}`)
  }
  return world
}

async function putPod(
  world: World,
  nodeName: string,
  pod: string,
  namespace: string,
  serviceAccountName: string,
): Promise<void> {
  const [claim, volume] = [`pvc0-${pod}`, `pv0-${pod}-${namespace}`]
  const template = 'claimtemplate-with-claim0'
  await world.put(pods, `${namespace}/${pod}`, {
    spec: {
      nodeName,
      serviceAccountName,
      containers: [],
      volumes: [
        { secret: { secretName: `secret0-${pod}` } },
        { secret: { secretName: 'secret0-shared' } },
        { configMap: { name: `configmap0-${pod}` } },
        { persistentVolumeClaim: { claimName: claim } },
      ],
      resourceClaims: [
        { name: 'claim0', resourceClaimName: `claim0-${pod}-${namespace}` },
        { name: template, resourceClaimTemplateName: `claimtemplate0-${pod}-${namespace}` },
      ],
    },
    status: {
      resourceClaimStatuses: [{ name: template, resourceClaimName: `generated-claim-${pod}-${namespace}-0` }],
    },
  })
  await world.put(persistentVolumeClaims, `${namespace}/${claim}`, { spec: { volumeName: volume } })
  await world.put(persistentVolumes, volume, {
    spec: { flexVolume: { secretRef: { name: `secret-${volume}` } }, claimRef: { namespace, name: claim } },
  })
}

test('nodes may what upstream says they may', async (t) => {
  assert.ok(decisions.length > 100)
  const world = await twoNodes()
  for (const line of decisions) {
    const [node = '', verb = '', what = '', object = '', selector = '', decision = '', ...reason] = line.split(' ')
    await t.test(`${node} ${verb} ${what} ${object} ${selector}`, async () => {
      const answer = await world.ask(node, verb, what, given(object), given(selector))
      assert.equal(answer.decision, decision, answer.reason)
      if (reason.length > 0) assert.equal(answer.reason, reason.join(' '))
    })
  }
  world.stop()
})

const given = (word: string): string => (word === '-' ? '' : word)

const secretsOf = (nodeName: string, ...names: string[]): Record<string, unknown> => ({
  spec: { nodeName, containers: [], volumes: names.map((secretName) => ({ secret: { secretName } })) },
})

test('what pods of several nodes share is known to those that need it, and to one no more whose pod stops needing it', async () => {
  const world = new World()
  await world.put(pods, 'ns1/pod1', secretsOf('node1', 'one', 'two', 'all'))
  await world.put(pods, 'ns1/pod2', secretsOf('node2', 'two', 'all'))
  await world.put(pods, 'ns1/pod3', secretsOf('node3', 'all'))
  const seen = async (): Promise<string[]> => {
    const found: string[] = []
    for (const node of ['node1', 'node2', 'node3'])
      for (const name of ['one', 'two', 'all'])
        if (await world.mayRead(node, 'secrets', `ns1/${name}`)) found.push(`${node} ${name}`)
    return found
  }
  const before = ['node1 one', 'node1 two', 'node1 all', 'node2 two', 'node2 all']
  assert.deepEqual(await seen(), [...before, 'node3 all'])
  await world.put(pods, 'ns1/pod3', secretsOf('node3'))
  assert.deepEqual(await seen(), before)
  world.stop()
})

test('an ephemeral container brings what it refers to', async () => {
  const world = new World()
  const { spec } = secretsOf('node1', 'own') as { spec: object }
  await world.put(pods, 'ns1/pod1', { spec })
  assert.equal(await world.mayRead('node1', 'secrets', 'ns1/own'), true)
  for (const [what, from] of [
    ['secrets', 'secretRef'],
    ['configmaps', 'configMapRef'],
  ] as const) {
    assert.equal(await world.mayRead('node1', what, 'ns1/new'), false)
    const ephemeralContainers = [{ name: 'eph', image: 'i', envFrom: [{ [from]: { name: 'new' } }] }]
    await world.put(pods, 'ns1/pod1', { spec: { ...spec, ephemeralContainers } })
    assert.equal(await world.mayRead('node1', what, 'ns1/new'), true)
  }
  world.stop()
})
