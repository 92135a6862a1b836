import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Pod } from '../../../api/generated/types/core/v1.ts'
import { PODS, podOf, serverWith } from '../plugin-tests.suite.ts'

test('who asks for devices tolerates the taints of their nodes, each once', async () => {
  const server = await serverWith({
    enable: ['ExtendedResourceToleration'],
    disable: ['DefaultTolerationSeconds'],
  })
  const list = { 'example.com/b': '1', 'example.com/a': '2' }
  const resources = { requests: { ...list, cpu: '1' }, limits: list }
  const key = (name: string): object => ({ key: `example.com/${name}`, operator: 'Exists', effect: 'NoSchedule' })
  const made = await server.create<Pod>(
    PODS,
    podOf('p', {
      initContainers: [
        { name: 'a', image: 'a', resources: { requests: { 'example.com/c': '1' }, limits: { 'example.com/c': '1' } } },
      ],
      containers: [{ name: 'b', image: 'b', resources }],
      tolerations: [key('b')],
    }),
  )
  assert.deepEqual(made.spec.tolerations, [key('b'), key('a'), key('c')])
})
