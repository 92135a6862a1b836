import assert from 'node:assert/strict'
import { mkdtempSync, readFileSync, readdirSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { parse } from 'yaml'
import { systemClock } from '../../lib/clock.ts'
import { keepAlive } from '../../lib/host/keep-alive.ts'
import { UserError } from '../user-error.ts'
import { currentContext, mergeContext, removeContext, renderKubeconfig } from './kubeconfig.ts'
import { changeKubeconfig, userKubeconfig } from './user-file.ts'

const access = { server: 'https://127.0.0.1:6443', caCertificate: 'CA', clientCertificate: 'CERT', clientKey: 'KEY' }
const other = `# mine
apiVersion: v1
kind: Config
clusters:
- name: prod # careful
  cluster: {server: "https://prod"}
users:
- name: prod
  user: {token: "x"}
contexts:
- name: prod
  context: {cluster: prod, user: prod}
current-context: prod
`

interface Config {
  clusters: { name: string; cluster: Record<string, string> }[]
  users: { name: string }[]
  contexts: { name: string }[]
  'current-context': string
}
const read = (text: string | undefined): Config => parse(text ?? '') as Config

test('a fresh kubeconfig has everything kubectl needs', () => {
  const config = read(renderKubeconfig('skiff', access))
  assert.deepEqual(config, {
    apiVersion: 'v1',
    kind: 'Config',
    preferences: {},
    clusters: [{ name: 'skiff', cluster: { server: access.server, 'certificate-authority-data': 'Q0E=' } }],
    users: [{ name: 'skiff', user: { 'client-certificate-data': 'Q0VSVA==', 'client-key-data': 'S0VZ' } }],
    contexts: [{ name: 'skiff', context: { cluster: 'skiff', user: 'skiff' } }],
    'current-context': 'skiff',
  })
})

test('merging keeps what others wrote, and merging twice changes nothing more', () => {
  const once = mergeContext(other, 'skiff', access)
  assert.match(once, /^# mine\n/)
  assert.match(once, /name: prod # careful/)
  assert.deepEqual(
    read(once).contexts.map((c) => c.name),
    ['prod', 'skiff'],
  )
  assert.equal(mergeContext(once, 'skiff', access), once)
})

test('a new address replaces the old one', () => {
  const moved = mergeContext(renderKubeconfig('skiff', access), 'skiff', {
    ...access,
    server: 'https://127.0.0.1:7443',
  })
  assert.deepEqual(
    read(moved).clusters.map((c) => c.cluster.server),
    ['https://127.0.0.1:7443'],
  )
})

test('removing puts the context before back, and leaves no trace', () => {
  const removed = removeContext(mergeContext(other, 'skiff', access), 'skiff', 'prod')
  assert.deepEqual(read(removed), read(other))
  assert.equal(currentContext(removed ?? ''), 'prod')
})

test('removing without a known context before leaves none', () => {
  const removed = removeContext(renderKubeconfig('skiff', access), 'skiff', 'gone')
  assert.equal(currentContext(removed ?? ''), undefined)
  assert.equal(removeContext(other, 'skiff'), undefined)
})

test('what is not a kubeconfig is refused, not overwritten', () => {
  assert.throws(() => mergeContext('a: [', 'skiff', access), UserError)
  assert.throws(() => mergeContext('- a\n', 'skiff', access), UserError)
})

test('the file is that of $KUBECONFIG, of the caller of sudo, or of the user', () => {
  const passwd = (): string => 'root:x:0:0::/root:/bin/sh\nann:x:1000:100::/home/ann:/bin/sh\n'
  assert.deepEqual(userKubeconfig({ KUBECONFIG: '/a:/b' }, passwd), { path: '/a' })
  const sudo = userKubeconfig({ SUDO_UID: '1000' }, passwd)
  assert.equal(sudo.path, '/home/ann/.kube/config')
  assert.equal(sudo.owner?.gid, 100)
  assert.equal(userKubeconfig({}, passwd).owner, undefined)
})

test('a change is atomic, follows links, keeps the mode and leaves no lock', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'skiff-kubeconfig-'))
  after(() => rmSync(folder, { recursive: true }))
  writeFileSync(join(folder, 'real'), other, { mode: 0o640 })
  symlinkSync('real', join(folder, 'config'))
  const release = keepAlive()
  const file = { path: join(folder, 'config') }
  const merge = (text: string): string => mergeContext(text, 'skiff', access)
  const changes = await Promise.all(['a', 'b', 'c'].map(() => changeKubeconfig(systemClock, file, merge)))
  release()
  assert.deepEqual(changes.filter(Boolean), [true])
  assert.equal(currentContext(readFileSync(join(folder, 'real'), 'utf8')), 'skiff')
  assert.equal(statSync(join(folder, 'real')).mode & 0o777, 0o640)
  assert.deepEqual(readdirSync(folder).sort(), ['config', 'real'])
})
