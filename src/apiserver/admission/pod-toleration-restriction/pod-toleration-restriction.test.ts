import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Pod, Toleration } from '../../../api/generated/types/core/v1.ts'
import type { AdmissionConfig } from '../config.ts'
import { namespaceWith, PODS, podOf, serverWith } from '../plugin-tests.suite.ts'

const DEFAULTS = 'scheduler.alpha.kubernetes.io/defaultTolerations'
const WHITELIST = 'scheduler.alpha.kubernetes.io/tolerationsWhitelist'
const exists = (key: string, more: object = {}): Toleration => ({ key, operator: 'Exists', ...more })
const PRESSURE = exists('node.kubernetes.io/memory-pressure', { effect: 'NoSchedule' })

const ONLY: AdmissionConfig = { enable: ['PodTolerationRestriction'], disable: ['DefaultTolerationSeconds'] }
const refusal = (whose: string): string =>
  `pod tolerations (possibly merged with namespace default tolerations) conflict with its ${whose} whitelist`

test('new pods get what their namespace gives, or else the cluster', async () => {
  const server = await serverWith({ ...ONLY, podTolerationRestriction: { default: [exists('c')], whitelist: [] } })
  const given = async (path: string, spec: object = {}): Promise<unknown> =>
    (await server.create<Pod>(path, podOf(`p${Object.keys(spec).length}`, spec))).spec.tolerations
  assert.deepEqual(await given(PODS), [exists('c')])
  const own = await namespaceWith(server, 'own', { annotations: { [DEFAULTS]: JSON.stringify([exists('n')]) } })
  assert.deepEqual(await given(own), [exists('n')])
  const none = await namespaceWith(server, 'none', { annotations: { [DEFAULTS]: '' } })
  assert.equal(await given(none), undefined)
  const asking = [{ name: 'c', image: 'i', resources: { requests: { cpu: '1' } } }]
  assert.deepEqual(await given(own, { containers: asking }), [exists('n'), PRESSURE])
})

test('pods have no other tolerations than are listed', async () => {
  const server = await serverWith({
    ...ONLY,
    podTolerationRestriction: { default: [], whitelist: [exists('c', { effect: 'NoExecute', tolerationSeconds: 60 })] },
  })
  const own = await namespaceWith(server, 'own', { annotations: { [WHITELIST]: JSON.stringify([exists('n')]) } })
  const any = await namespaceWith(server, 'any', { annotations: { [WHITELIST]: '' } })
  const with1 = (one: Toleration): object => podOf('p', { tolerations: [one] })
  assert.equal(await server.refused(500, 'POST', own, with1(exists('c'))), refusal('namespace'))
  assert.equal(await server.refused(500, 'POST', PODS, with1(exists('n'))), refusal('cluster'))
  const long = exists('c', { effect: 'NoExecute', tolerationSeconds: 61 })
  assert.equal(await server.refused(500, 'POST', PODS, with1(long)), refusal('cluster'))
  await server.create(PODS, with1(exists('c', { effect: 'NoExecute', tolerationSeconds: 60 })))
  await server.create(own, with1({ key: 'n', operator: 'Equal', value: 'x', effect: 'NoSchedule' }))
  await server.create(any, with1(exists('z')))
})

test('what is no list of tolerations is told as it is', async () => {
  const server = await serverWith(ONLY)
  const cases: readonly [string, string][] = [
    ['{', 'unexpected end of JSON input'],
    ['{}', 'json: cannot unmarshal object into Go value of type []v1.Toleration'],
  ]
  for (const [index, [text, message]] of cases.entries()) {
    const path = await namespaceWith(server, `bad${index}`, { annotations: { [DEFAULTS]: text } })
    assert.equal(await server.refused(500, 'POST', path, podOf('p')), message)
  }
})
