import assert from 'node:assert/strict'
import { X509Certificate } from 'node:crypto'
import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { connect } from 'node:tls'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setImmediate } from 'node:timers/promises'
import { after, test } from 'node:test'
import { configMaps } from '../../api/index.ts'
import {
  AUTHORITIES,
  blocksOf,
  requestedRotation,
  requestRotation,
  type RotationGoal,
  rotationStage,
} from '../../host/cluster/authorities.ts'
import { systemClock } from '../../lib/clock.ts'
import { silentLogger } from '../../lib/log.ts'
import { systemRandom } from '../../lib/random.ts'
import { MemoryStore } from '../../store/memory/store.ts'
import { apiConfig } from './api-config/config.ts'
import { startApi } from './api-server.ts'
import { startControlPlane } from './control-plane.ts'
import { ensurePki, type Pki } from './pki.ts'

const folder = mkdtempSync(join(tmpdir(), 'skiff-authorities-'))
after(() => rmSync(folder, { recursive: true }))
const env = { clock: systemClock, random: systemRandom, log: silentLogger }
let folders = 0

function place(): string {
  return join(folder, String(folders++))
}

const ensure = (at: string): Promise<Pki> => ensurePki({ folder: at, env, servingNames: ['localhost', '127.0.0.1'] })
const rotated = (at: string, goal: RotationGoal): Promise<Pki> => {
  requestRotation(at, goal)
  return ensure(at)
}
const stages = (at: string): string[] => AUTHORITIES.map((name) => rotationStage(at, name))
const signedBy = (pem: string, authority: string): boolean =>
  new X509Certificate(pem).verify(new X509Certificate(authority).publicKey)

test('the old and the new one are trusted, then the new one signs, then the old one goes', async () => {
  const at = place()
  const first = await ensure(at)
  const trusted = await rotated(at, 'trusted')
  assert.deepEqual(stages(at), ['trusted', 'trusted'])
  assert.equal(blocksOf(at, 'ca')[0], first.ca.cert.trim())
  assert.equal(blocksOf(at, 'ca').length, 2)
  assert.equal(trusted.serving.cert, first.serving.cert)
  const signing = await rotated(at, 'signing')
  assert.deepEqual(stages(at), ['signing', 'signing'])
  assert.equal(blocksOf(at, 'ca')[1], first.ca.cert.trim())
  for (const [cert, old, ca] of [
    [signing.serving.cert, first.ca.cert, signing.ca.cert],
    [signing.admin.cert, first.ca.cert, signing.ca.cert],
    [signing.frontProxy.client.cert, first.frontProxy.ca, signing.frontProxy.ca],
  ] as const) {
    assert.ok(signedBy(cert, ca))
    assert.ok(!signedBy(cert, old))
  }
  const finished = await rotated(at, 'finished')
  assert.deepEqual(stages(at), ['none', 'none'])
  assert.equal(finished.ca.cert.trim(), blocksOf(at, 'ca')[0])
  assert.equal(finished.admin.cert, signing.admin.cert)
  assert.equal(new X509Certificate(finished.ca.cert).subject.startsWith('CN=kubernetes-'), true)
  assert.deepEqual(
    readdirSync(at).filter((file) => /next|cross|rotation/.test(file)),
    [],
  )
  // And nothing is exchanged that nobody asks for.
  assert.deepEqual(await ensure(at), finished)
  // Once more.
  await rotated(at, 'signing')
  await rotated(at, 'finished')
  assert.notEqual(blocksOf(at, 'ca')[0], finished.ca.cert.trim())
})

test('what is asked for in one go, of one that does not run, is done in one go', async () => {
  const at = place()
  const first = await ensure(at)
  const now = await rotated(at, 'signing')
  assert.deepEqual(stages(at), ['signing', 'signing'])
  assert.ok(signedBy(now.admin.cert, now.ca.cert) && now.ca.cert.includes(first.ca.cert.trim()))
  assert.equal(requestedRotation(at), undefined)
})

test('whoever is cut off at any step goes on, and every state between is one that a server starts with', async () => {
  const at = place()
  const old = (await ensure(at)).ca.cert.trim()
  const steps: string[] = []
  const snapshot = (): string => {
    const copy = place()
    cpSync(at, copy, { recursive: true })
    steps.push(copy)
    return copy
  }
  // The steps of signing, one file at a time, in the order that they are written in.
  const done = place()
  cpSync(at, done, { recursive: true })
  await rotated(done, 'trusted')
  const next = { crt: readFileSync(join(done, 'ca-next.crt')), key: readFileSync(join(done, 'ca-next.key')) }
  const both = readFileSync(join(done, 'ca.crt'))
  const put = (name: string, content: string | Buffer): void => {
    writeFileSync(join(at, name), content)
    snapshot()
  }
  requestRotation(at, 'signing')
  snapshot()
  put('ca-next.key', next.key)
  put('ca-next.crt', next.crt)
  put('ca.crt', both)
  const [, fresh = ''] = both.toString().match(/-----BEGIN[^-]*-----[^-]*-----END[^-]*-----/g) ?? []
  put('ca.crt', `${fresh}\n${old}\n`)
  put('ca.key', next.key)
  rmSync(join(at, 'ca-next.key'))
  snapshot()
  rmSync(join(at, 'ca-next.crt'))
  snapshot()
  for (const [index, state] of steps.entries()) {
    const pki = await ensure(state)
    assert.deepEqual(stages(state), ['signing', 'signing'], `step ${index}`)
    assert.ok(signedBy(pki.admin.cert, pki.ca.cert), `step ${index}`)
    assert.ok(new X509Certificate(pki.serving.cert).verify(new X509Certificate(pki.ca.cert).publicKey))
    assert.ok(pki.ca.cert.includes(old))
    const last = await rotated(state, 'finished')
    assert.ok(!last.ca.cert.includes(old))
    assert.deepEqual(
      readdirSync(state).filter((file) => /next|cross|rotation/.test(file)),
      [],
      `step ${index}`,
    )
  }
  // Nor does it stay what leads from one to the other, when the cut was after the last file that counts.
  const [ended = ''] = steps
  writeFileSync(join(ended, 'ca-cross.crt'), old)
  await rotated(ended, 'finished')
  assert.ok(!readdirSync(ended).includes('ca-cross.crt'))
  // A server that was not asked to go on starts in each state, too.
  for (const state of steps) await ensure(state)
})

/** Whether a client that trusts `ca` alone gets through the handshake. */
function reaches(port: number, ca: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ host: '127.0.0.1', port, ca, servername: 'localhost' })
    socket.once('secureConnect', () => {
      resolve(socket.authorized)
      socket.destroy()
    })
    socket.once('error', () => resolve(false))
  })
}

test('a running server goes along: who knows only the old one is served until the end, pods and extensions are told', async () => {
  const at = place()
  const first = await ensure(at)
  const settings = {
    name: 'test',
    apiPort: 0,
    podCidr: '10.244.0.0/16',
    serviceCidr: '10.96.0.0/16',
    clusterDomain: 'cluster.local',
    nodeName: 'n',
    nodes: 1,
    runtime: 'simulated',
  } as const
  const api = await startApi({
    settings,
    env,
    store: new MemoryStore({ clock: systemClock }),
    nodeIP: '192.0.2.1',
    bindAddress: '127.0.0.1',
    pki: first,
    config: apiConfig(undefined),
  })
  const stop = new AbortController()
  const { stopped } = startControlPlane({ api, env, signal: stop.signal })
  const { port } = api.listener
  const admin = api.clientFor({ name: 'admin', groups: ['system:masters', 'system:authenticated'] }, 'test')
  const told = async (pki: Pki): Promise<void> => {
    const is = async (ref: string, key: string, value: string): Promise<boolean> =>
      (
        await admin(configMaps)
          .get(ref)
          .catch(() => undefined)
      )?.data?.[key] === value
    while (!(await is('default/kube-root-ca.crt', 'ca.crt', pki.ca.cert))) await setImmediate()
    const trust = 'kube-system/extension-apiserver-authentication'
    while (!(await is(trust, 'client-ca-file', pki.ca.cert))) await setImmediate()
    while (!(await is(trust, 'requestheader-client-ca-file', pki.frontProxy.ca))) await setImmediate()
    assert.equal(api.rootCa, pki.ca.cert)
  }
  await told(first)
  const go = async (goal: RotationGoal): Promise<Pki> => {
    const pki = await rotated(at, goal)
    api.renew({ pki })
    await told(pki)
    return pki
  }
  await go('trusted')
  assert.ok(await reaches(port, first.ca.cert))
  const signing = await go('signing')
  const [fresh = ''] = blocksOf(at, 'ca')
  // Over the certificate of the new one that the old one signed.
  assert.deepEqual(await Promise.all([reaches(port, first.ca.cert), reaches(port, fresh)]), [true, true])
  const by = async ({ cert, key }: Pki['admin']): Promise<number> => {
    const { request } = await import('node:https')
    return new Promise((resolve, reject) => {
      const sent = request(
        { host: '127.0.0.1', port, path: '/api/v1/nodes', ca: fresh, cert, key, servername: 'localhost', agent: false },
        (response) => {
          response.resume()
          resolve(response.statusCode ?? 0)
        },
      )
      sent.on('error', reject)
      sent.end()
    })
  }
  assert.deepEqual(await Promise.all([by(first.admin), by(signing.admin)]), [200, 200])
  await go('finished')
  assert.deepEqual(await Promise.all([reaches(port, first.ca.cert), reaches(port, fresh)]), [false, true])
  assert.deepEqual(await Promise.all([by(first.admin), by(signing.admin)]), [401, 200])
  stop.abort(new Error('the test ends'))
  await stopped
  await api.listener.close()
})
