import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Pod } from '../../../api/generated/types/core/v1.ts'
import { systemClock } from '../../../lib/clock.ts'
import { MemoryStore } from '../../../store/memory/store.ts'
import { GuardedServer } from '../../guarded-server.suite.ts'
import { PODS, podOf, serverWith } from '../plugin-tests.suite.ts'

const policies = ({ spec }: Pod): (string | undefined)[] => [
  ...(spec.initContainers ?? []).map(({ imagePullPolicy }) => imagePullPolicy),
  ...spec.containers.map(({ imagePullPolicy }) => imagePullPolicy),
  ...(spec.volumes ?? []).map(({ image }) => image?.pullPolicy),
]

test('images of all containers and volumes are pulled always', async () => {
  const server = await serverWith({ enable: ['AlwaysPullImages'] })
  const made = await server.create<Pod>(
    PODS,
    podOf('p', {
      initContainers: [{ name: 'a', image: 'a', imagePullPolicy: 'Never' }],
      containers: [{ name: 'b', image: 'b:1', imagePullPolicy: 'IfNotPresent' }],
      volumes: [{ name: 'v', image: { reference: 'r', pullPolicy: 'Never' } }],
    }),
  )
  assert.deepEqual(policies(made), ['Always', 'Always', 'Always'])
})

test('an update without a new image leaves the pod as it is; one with a new image would change what cannot be changed', async () => {
  const store = new MemoryStore({ clock: systemClock })
  const plain = await GuardedServer.start({ store })
  await plain.create('/api/v1/namespaces/default/serviceaccounts', { metadata: { name: 'default' } })
  const made = await plain.create<Pod>(PODS, podOf('p', { containers: [{ name: 'b', image: 'b:1' }] }))
  const server = await GuardedServer.start({ store, admission: { enable: ['AlwaysPullImages'] } })
  const labelled = { ...made, metadata: { ...made.metadata, labels: { a: 'b' } } }
  const updated = await server.expect<Pod>(200, 'PUT', `${PODS}/p`, labelled)
  assert.deepEqual(policies(updated), ['IfNotPresent'])
  const other = { ...updated, spec: { ...updated.spec, containers: [{ ...updated.spec.containers[0], image: 'b:2' }] } }
  assert.match(await server.refused(422, 'PUT', `${PODS}/p`, other), /pod updates may not change fields other than/)
  await plain.expect(200, 'PUT', `${PODS}/p`, other)
})
