import assert from 'node:assert/strict'
import { X509Certificate, createPrivateKey } from 'node:crypto'
import { copyFileSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { VirtualClock } from '../../lib/clock.ts'
import { silentLogger } from '../../lib/log.ts'
import { systemRandom } from '../../lib/random.ts'
import { makeAuthority, makeCertificate } from './certificates.ts'
import { defaultRouteInterface } from './node-address.ts'
import { ensureNodeServing, ensurePki, readPair, writePair } from './pki.ts'

const folder = mkdtempSync(join(tmpdir(), 'skiff-pki-'))
after(() => rmSync(folder, { recursive: true }))
const DAY_MS = 86_400_000
const env = (days = 0) => ({
  clock: new VirtualClock(Date.UTC(2026, 0, 1) + days * DAY_MS),
  random: systemRandom,
  log: silentLogger,
})
const ensure = (names: string[], days = 0) => ensurePki({ folder, env: env(days), servingNames: names })

test('certificates say what their holders need, and the authority has signed them', async () => {
  const { ca, serving, admin } = await ensure(['localhost', '10.96.0.1', '::1'])
  const [authority, server, client] = [ca, serving, admin].map(({ cert }) => new X509Certificate(cert))
  assert.ok(authority && server && client)
  assert.ok(authority.ca && !server.ca)
  assert.ok(server.verify(authority.publicKey) && client.verify(authority.publicKey))
  assert.equal(client.subject, 'O=system:masters\nCN=kubernetes-admin')
  assert.ok(server.checkHost('localhost') && server.checkIP('10.96.0.1') && server.checkIP('::1'))
  assert.deepEqual(server.keyUsage, ['1.3.6.1.5.5.7.3.1'])
  assert.deepEqual(client.keyUsage, ['1.3.6.1.5.5.7.3.2'])
})

test('they are kept while they are good, and made anew for another name or near their end', async () => {
  const first = await ensure(['localhost', '10.96.0.1', '::1'])
  assert.deepEqual(await ensure(['localhost']), first)
  const moved = await ensure(['localhost', '192.0.2.9'])
  assert.notEqual(moved.serving.cert, first.serving.cert)
  assert.equal(moved.admin.cert, first.admin.cert)
  const late = await ensure(['localhost', '192.0.2.9'], 340)
  assert.notEqual(late.admin.cert, first.admin.cert)
  assert.equal(late.ca.cert, first.ca.cert)
  assert.equal(late.serviceAccount.privateKey, first.serviceAccount.privateKey)
})

test('a certificate without its own key is made anew', async () => {
  const { serving } = await ensure(['localhost'])
  copyFileSync(join(folder, 'admin.key'), join(folder, 'apiserver.key'))
  const again = await ensure(['localhost'])
  assert.notEqual(again.serving.cert, serving.cert)
  assert.ok(new X509Certificate(again.serving.cert).checkPrivateKey(createPrivateKey(again.serving.key)))
})

test('who is cut off while a pair is replaced leaves the old one or the new one', async () => {
  const authority = await makeAuthority(env(), 'CN=test')
  const make = () => makeCertificate(env(), authority, { name: 'CN=node' })
  const [old, next, lost] = [await make(), await make(), await make()]
  const put = (name: string, text: string): void => writeFileSync(join(folder, `node.${name}`), text)
  writePair(folder, 'node', old)
  put('key.waiting', next.key)
  put('crt', next.cert)
  assert.deepEqual(readPair(folder, 'node'), next)
  put('key.waiting', lost.key)
  assert.deepEqual(readPair(folder, 'node'), next)
  put('key.waiting', 'half a k')
  assert.deepEqual(readPair(folder, 'node'), next)
  assert.deepEqual(
    readdirSync(folder).filter((file) => file.includes('waiting')),
    [],
  )
})

test('keys are for their owner alone', async () => {
  await ensure(['localhost'])
  for (const name of ['ca.key', 'admin.key', 'sa.key']) assert.equal(statSync(join(folder, name)).mode & 0o777, 0o600)
})

test('a node apart makes an authority of its own', async () => {
  const apart = join(folder, 'apart')
  const serving = await ensureNodeServing({ folder: apart, env: env() }, 'n1', ['192.0.2.1'])
  const certificate = new X509Certificate(serving.cert)
  assert.match(certificate.subject, /CN=system:node:n1/)
  assert.ok(certificate.verify(new X509Certificate(readFileSync(join(apart, 'ca.crt'))).publicKey))
})

test('the default route names the interface, the one with the least metric first', () => {
  const head = 'Iface\tDestination\tGateway\tFlags\tRefCnt\tUse\tMetric\tMask\tMTU\tWindow\tIRTT\n'
  const route = (name: string, to: string, metric: number): string =>
    `${name}\t${to}\t0\t3\t0\t0\t${metric}\t${to}\t0\t0\t0\n`
  const routes = head + route('lan', '0000A8C0', 0) + route('wifi', '00000000', 600) + route('wire', '00000000', 100)
  assert.equal(defaultRouteInterface(routes), 'wire')
  assert.equal(defaultRouteInterface(head), undefined)
})
