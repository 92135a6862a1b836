import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { after, describe, test } from 'node:test'
import { EXIT } from '../../src/host/user-error.ts'
import { eventually } from './eventually.ts'
import { Playground } from './skiff.ts'

const BIN = resolve(import.meta.dirname, '../../bin/skiff.mjs')
const POLICY = resolve(import.meta.dirname, '../../examples/audit/policy.yaml')

interface Told {
  readonly level: string
  readonly stage: string
  readonly verb: string
  readonly requestURI: string
  readonly user: { readonly username: string }
  readonly objectRef?: { readonly resource: string; readonly name?: string; readonly subresource?: string }
  readonly requestObject?: { readonly data?: unknown }
  readonly responseObject?: { readonly metadata?: { readonly managedFields?: unknown } }
}

const eventsIn = (text: string): Told[] =>
  text
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as Told)

describe("a cluster with the example's audit policy", () => {
  const place = new Playground()
  const log = join(place.folder, 'logs', 'audit.log')
  const skiff = (...args: string[]) => place.run([...args, '--name', 'told'])
  const kubectl = (...args: string[]) => place.kubectl('--context', 'skiff-told', ...args)
  const told = (resource: string, name: string): Told[] =>
    eventsIn(readFileSync(log, 'utf8')).filter(
      ({ objectRef }) => objectRef?.resource === resource && objectRef.name === name,
    )
  /** Lines are written right after an answer is sent. */
  const written = (resource: string, name: string, lines: number): Promise<void> =>
    eventually(async () => assert.ok(told(resource, name).length >= lines, name))
  after(async () => {
    await skiff('delete')
    place.remove()
  })

  test('secrets and tokens are told of without what is in them, changes with it', async () => {
    const flags = ['--audit-policy-file', POLICY, '--audit-log-path', log]
    const { code, err } = await skiff('up', '--runtime', 'simulated', ...flags)
    assert.equal(code, EXIT.ok, err)
    for (const made of [
      await kubectl('create', 'configmap', 'seen', '--from-literal=a=b'),
      await kubectl('create', 'secret', 'generic', 'unseen', '--from-literal=a=canary-of-the-secret'),
      await kubectl('get', 'secret', 'unseen'),
      await kubectl('create', 'role', 'reader', '--verb=get', '--resource=pods'),
      await kubectl('get', 'configmap', 'seen'),
    ])
      assert.equal(made.code, 0, made.err)
    const { out: token } = await kubectl('create', 'token', 'default')
    await written('serviceaccounts', 'default', 1)
    const [made, read] = told('configmaps', 'seen')
    assert.deepEqual([made?.level, made?.verb, made?.requestObject?.data], ['Request', 'create', { a: 'b' }])
    assert.deepEqual([read?.level, read?.verb, read?.responseObject], ['Metadata', 'get', undefined])
    assert.deepEqual(
      told('secrets', 'unseen').map(({ level, verb, requestObject }) => [level, verb, requestObject]),
      [
        ['Metadata', 'create', undefined],
        ['Metadata', 'get', undefined],
      ],
    )
    const [role] = told('roles', 'reader')
    assert.equal(role?.level, 'RequestResponse')
    assert.deepEqual(
      [role?.responseObject?.metadata !== undefined, role?.responseObject?.metadata?.managedFields],
      [true, undefined],
    )
    const text = readFileSync(log, 'utf8')
    assert.ok(token.length > 100)
    assert.deepEqual(
      [text.includes('canary-of-the-secret'), text.includes(btoa('canary-of-the-secret'))],
      [false, false],
    )
    assert.equal(text.includes(token.trim()), false)
  })

  test('what fills logs is left out', () => {
    const all = eventsIn(readFileSync(log, 'utf8'))
    assert.deepEqual(
      all.filter(({ stage }) => stage === 'RequestReceived'),
      [],
    )
    const noise = all.filter(
      ({ user, verb, objectRef, requestURI }) =>
        objectRef?.resource === 'leases' ||
        objectRef?.resource === 'events' ||
        requestURI.startsWith('/readyz') ||
        (objectRef?.resource !== 'secrets' &&
          /^system:(node:|apiserver$|kube-)/.test(user.username) &&
          ['get', 'list', 'watch'].includes(verb)),
    )
    assert.deepEqual(noise, [])
  })

  test('a later up tells as before', async () => {
    const [down, up] = [await skiff('down'), await skiff('up')]
    assert.deepEqual([down.code, up.code], [EXIT.ok, EXIT.ok], down.err + up.err)
    const made = await kubectl('create', 'configmap', 'later')
    assert.equal(made.code, 0, made.err)
    await written('configmaps', 'later', 1)
    assert.equal(told('configmaps', 'later')[0]?.level, 'Request')
    assert.equal(told('configmaps', 'seen').length, 2)
  })
})

describe('a server whose audit log is what it says', () => {
  const place = new Playground()
  after(() => place.remove())

  test('a log called - goes to the standard output, to the last event', async () => {
    const policy = join(place.folder, 'policy.yaml')
    writeFileSync(
      policy,
      'apiVersion: audit.k8s.io/v1\nkind: Policy\nrules: [{level: Metadata, resources: [{resources: [configmaps]}]}]\n',
    )
    const kubeconfig = join(place.folder, 'said', 'kubeconfig')
    const batch = ['--audit-log-mode', 'batch', '--audit-log-batch-max-size', '100', '--audit-log-batch-max-wait', '1h']
    const args = [
      'server',
      '--name',
      'said',
      '--runtime',
      'simulated',
      '--components',
      'apiserver',
      '--api-port',
      '16711',
    ]
    const server = spawn(
      process.execPath,
      [BIN, ...args, '--audit-policy-file', policy, '--audit-log-path', '-', ...batch],
      { env: { ...process.env, SKIFF_DATA_DIR: place.folder }, stdio: ['ignore', 'pipe', 'ignore'] },
    )
    let said = ''
    server.stdout.setEncoding('utf8').on('data', (text: string) => (said += text))
    const ended = once(server, 'close')
    try {
      await eventually(async () => assert.ok(existsSync(kubeconfig)))
      await eventually(async () => {
        const { out, err } = await place.kubectl('--kubeconfig', kubeconfig, 'get', 'configmaps', 'said')
        assert.match(out + err, /NotFound/)
      })
    } finally {
      server.kill('SIGTERM')
      await ended
    }
    assert.ok(eventsIn(said).some(({ objectRef, stage }) => objectRef?.name === 'said' && stage === 'ResponseComplete'))
  })
})
