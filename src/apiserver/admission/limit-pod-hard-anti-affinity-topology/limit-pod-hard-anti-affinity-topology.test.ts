import assert from 'node:assert/strict'
import { test } from 'node:test'
import { PODS, podOf, serverWith } from '../plugin-tests.suite.ts'

const apart = (name: string, topologyKey: string): object =>
  podOf(name, {
    affinity: {
      podAntiAffinity: { requiredDuringSchedulingIgnoredDuringExecution: [{ topologyKey, labelSelector: {} }] },
    },
  })

test('pods may keep others off their node, not off their zone', async () => {
  const server = await serverWith({ enable: ['LimitPodHardAntiAffinityTopology'] })
  await server.create(PODS, apart('a', 'kubernetes.io/hostname'))
  assert.equal(
    await server.refused(403, 'POST', PODS, apart('b', 'zone')),
    'pods "b" is forbidden: affinity.PodAntiAffinity.RequiredDuringScheduling has TopologyKey zone but only key kubernetes.io/hostname is allowed',
  )
})
