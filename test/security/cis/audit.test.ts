/** Controls about audit: 1.2.16 to 1.2.19 and 3.2. */
import assert from 'node:assert/strict'
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after } from 'node:test'
import { RotatedFile, type Rotation } from '../../../src/apiserver/audit/host/rotated-file.ts'
import { VirtualClock } from '../../../src/lib/clock.ts'
import { control } from './control.ts'
import { makeAccount, makePod, PODS } from '../objects.ts'
import { SecureServer } from '../server.ts'

const folder = mkdtempSync(join(tmpdir(), 'skiff-cis-audit-'))
after(() => rmSync(folder, { recursive: true }))

interface AuditEvent {
  readonly level: string
  readonly stage: string
  readonly verb: string
  readonly user: { readonly username: string }
  readonly impersonatedUser?: { readonly username: string }
  readonly objectRef?: { readonly resource?: string; readonly subresource?: string; readonly name?: string }
  readonly responseStatus?: { readonly code?: number }
}

/** What is told of a server with this policy, after `use`. */
async function told(
  name: string,
  rules: readonly object[],
  use: (server: SecureServer) => Promise<unknown>,
): Promise<{ events: AuditEvent[]; text: string; path: string }> {
  const [policy, path] = [join(folder, `${name}.yaml`), join(folder, name, 'audit.log')]
  writeFileSync(policy, JSON.stringify({ apiVersion: 'audit.k8s.io/v1', kind: 'Policy', rules }))
  const server = await SecureServer.start({ 'audit-policy-file': [policy], 'audit-log-path': [path] })
  await use(server)
  await server[Symbol.asyncDispose]()
  const text = readFileSync(path, 'utf8')
  const events = text
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as AuditEvent)
  return { events, text, path }
}

control('1.2.16', async () => {
  const { events, path } = await told('log', [{ level: 'Metadata' }], async (server) => {
    await server.expect(403, '/api/v1/secrets', { as: 'alice' })
    await server.expect(401, '/api/v1/secrets', { token: 'wrong' })
  })
  const codes = events
    .filter(({ stage, objectRef }) => stage === 'ResponseComplete' && objectRef?.resource === 'secrets')
    .map(({ user, responseStatus }) => `${user?.username} ${responseStatus?.code}`)
  assert.ok(codes.includes('alice 403'), codes.join())
  assert.equal(statSync(path).mode & 0o077, 0)
})

/** The logs that are left after a year in which each day filled one. */
async function left(rotation: Partial<Rotation>): Promise<number> {
  const dir = mkdtempSync(join(folder, 'rotation-'))
  const clock = new VirtualClock()
  const log = new RotatedFile(
    join(dir, 'audit.log'),
    { maxSize: 1, maxAge: 0, maxBackups: 0, compress: false, ...rotation },
    clock,
  )
  for (let day = 0; day < 40; day++) {
    log.write(Buffer.alloc(600 * 1024))
    await clock.advance(86_400_000)
  }
  await log.close()
  return readdirSync(dir).length
}

control('1.2.17', async () => assert.ok((await left({ maxAge: 30 })) <= 32))
control('1.2.18', async () => assert.equal(await left({ maxBackups: 10 }), 11))
control('1.2.19', async () => {
  assert.equal(await left({}), 40)
  assert.equal(await left({ maxSize: 100 }), 1)
})

control('3.2.1', async () => {
  const { events } = await told('minimal', [{ level: 'Metadata', omitStages: ['RequestReceived'] }], (server) =>
    server.get('/api/v1/namespaces'),
  )
  const own = events.filter(({ user, objectRef }) => user.username === 'admin' && objectRef?.resource === 'namespaces')
  assert.deepEqual(
    own.map(({ level, stage, verb }) => [level, stage, verb]),
    [['Metadata', 'ResponseComplete', 'list']],
  )
})

control('3.2.2', async () => {
  const rules = [
    { level: 'Metadata', resources: [{ group: '', resources: ['secrets', 'configmaps'] }] },
    {
      level: 'Metadata',
      resources: [{ group: '', resources: ['pods/exec', 'pods/portforward', 'pods/proxy', 'services/proxy'] }],
    },
    { level: 'RequestResponse', verbs: ['create', 'update', 'patch', 'delete'] },
    { level: 'Metadata' },
  ]
  const { events, text } = await told('key', rules, async (server) => {
    await makeAccount(server)
    await makePod(server, 'web', '')
    await server.create('/api/v1/namespaces/default/secrets', {
      metadata: { name: 's' },
      stringData: { key: 'hidden-content' },
    })
    await server.expect(404, `${PODS}/web/exec?container=main&command=id`, {
      headers: { connection: 'Upgrade', upgrade: 'SPDY/3.1' },
      method: 'POST',
    })
    await server.expect(403, '/api/v1/nodes', { headers: { 'impersonate-user': 'eve' } })
  })
  const of = (resource: string, subresource?: string) =>
    events.filter(({ objectRef }) => objectRef?.resource === resource && objectRef.subresource === subresource)
  assert.ok(of('secrets').some(({ level }) => level === 'Metadata'))
  assert.doesNotMatch(text, /hidden-content|aGlkZGVuLWNvbnRlbnQ/)
  assert.ok(of('pods', 'exec').some(({ user }) => user.username === 'admin'))
  assert.ok(of('pods').some(({ level }) => level === 'RequestResponse'))
  assert.ok(
    of('nodes').some(({ user, impersonatedUser }) => user.username === 'admin' && impersonatedUser?.username === 'eve'),
  )
})
