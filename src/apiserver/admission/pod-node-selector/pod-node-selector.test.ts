import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Pod } from '../../../api/generated/types/core/v1.ts'
import type { GuardedServer } from '../../guarded-server.suite.ts'
import { namespaceWith, PODS, podOf, serverWith } from '../plugin-tests.suite.ts'

const ANNOTATION = 'scheduler.alpha.kubernetes.io/node-selector'

async function withSelectors(): Promise<GuardedServer> {
  return serverWith({
    enable: ['PodNodeSelector'],
    podNodeSelector: { clusterDefaultNodeSelector: 'zone=a', narrow: 'env=test,disk=fast' },
  })
}

test("pods get their namespace's selector, or the cluster's", async () => {
  const server = await withSelectors()
  assert.deepEqual((await server.create<Pod>(PODS, podOf('p'))).spec.nodeSelector, { zone: 'a' })
  const own = await namespaceWith(server, 'own', { annotations: { [ANNOTATION]: 'env=test, x = y' } })
  const made = await server.create<Pod>(own, podOf('p', { nodeSelector: { z: '1' } }))
  assert.deepEqual(made.spec.nodeSelector, { env: 'test', x: 'y', z: '1' })
  const none = await namespaceWith(server, 'none', { annotations: { [ANNOTATION]: '' } })
  assert.equal((await server.create<Pod>(none, podOf('p'))).spec.nodeSelector, undefined)
})

test('what is against the namespace is refused', async (t) => {
  const server = await withSelectors()
  const narrow = await namespaceWith(server, 'narrow', { annotations: { [ANNOTATION]: 'env=test' } })
  await server.create(narrow, podOf('fine', { nodeSelector: { disk: 'fast' } }))
  const conflict = 'pods "p" is forbidden: pod node label selector conflicts with its namespace node label selector'
  const outside = 'pods "p" is forbidden: pod node label selector labels conflict with its namespace whitelist'
  const cases: readonly [string, object, string][] = [
    ['another value', { env: 'prod' }, conflict],
    ['a label that is not listed', { other: 'x' }, outside],
    ['a value that is not listed', { disk: 'slow' }, outside],
  ]
  for (const [name, nodeSelector, message] of cases) {
    await t.test(name, async () =>
      assert.equal(await server.refused(403, 'POST', narrow, podOf('p', { nodeSelector })), message),
    )
  }
  const malformed: readonly [string, RegExp][] = [
    ['env', /^invalid selector: \[env\]$/],
    ['-=x', /^<nil>: Invalid value: "-": name part must consist of/],
    ['a=-', /^\[a\]: Invalid value: "-": a valid label must be/],
  ]
  for (const [index, [selector, message]] of malformed.entries()) {
    await t.test(`malformed: ${selector}`, async () => {
      const bad = await namespaceWith(server, `bad${index}`, { annotations: { [ANNOTATION]: selector } })
      assert.match(await server.refused(500, 'POST', bad, podOf('p')), message)
    })
  }
})
