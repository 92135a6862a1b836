import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { makeAuthority, makeCertificate } from '../../src/cmd/server/certificates.ts'
import { env, type Received, SecureServer, type Sent, type User } from './server.ts'
import { makeAccount, makePod, PODS } from './objects.ts'
import { startNodeAgent } from './node-agent.ts'

let server: SecureServer
let agent: Awaited<ReturnType<typeof startNodeAgent>>

const UPGRADE = { connection: 'Upgrade', upgrade: 'SPDY/3.1' }
const ask = (path: string, sent: Sent): Promise<Received> => server.send(path, { ...sent, port: agent.server.port })

async function demand(status: number, path: string, sent: Sent): Promise<string> {
  const received = await ask(path, sent)
  assert.equal(received.status, status, `${sent.method ?? 'GET'} ${path}: ${received.text}`)
  return received.text
}

before(async () => {
  server = await SecureServer.start()
  agent = await startNodeAgent(server)
  await makeAccount(server)
  await makePod(server, 'web', '')
  while ((await server.get<{ status?: { phase?: string } }>(`${PODS}/web`)).status?.phase !== 'Running')
    await new Promise((resolve) => setImmediate(resolve))
  const nodes = (verbs: string[], ...resources: string[]) => [{ apiGroups: [''], resources, verbs }]
  // alice watches over nodes, bob reads all of them, carol may do all.
  await server.allow(
    'alice',
    nodes(
      ['*'],
      'nodes/stats',
      'nodes/metrics',
      'nodes/log',
      'nodes/healthz',
      'nodes/pods',
      'nodes/configz',
      'nodes/checkpoint',
    ),
  )
  await server.allow('bob', nodes(['get'], 'nodes/proxy'))
  await server.allow('carol', nodes(['*'], 'nodes/proxy'))
})

after(async () => {
  await agent[Symbol.asyncDispose]()
  await server[Symbol.asyncDispose]()
})

const EVERYTHING = [
  '/',
  '/healthz',
  '/pods',
  '/runningpods/',
  '/metrics',
  '/metrics/resource',
  '/stats/summary',
  '/configz',
  '/logs/',
  '/containerLogs/default/web/main',
  '/run/default/web/main?cmd=id',
  '/exec/default/web/main?command=id',
  '/nothing',
  '/spec',
  '/debug/pprof',
]

describe('nobody asks a node agent anything without a name', () => {
  for (const path of EVERYTHING) {
    test(path, async () => {
      for (const headers of [{}, UPGRADE]) {
        await demand(401, path, { as: undefined, headers })
        await demand(401, path, { token: 'wrong', headers })
      }
    })
  }

  test('a certificate that another authority signed is none', async () => {
    const cert = await makeCertificate(env, await makeAuthority(env, 'CN=kubernetes'), {
      name: 'O=system:masters, CN=root',
    })
    await demand(401, '/pods', { tls: cert })
  })

  test('headers of a front proxy are nothing to it', async () => {
    const headers = { 'x-remote-user': 'admin', 'x-remote-group': 'system:masters' }
    await demand(401, '/pods', { as: undefined, headers })
    await demand(401, '/pods', { as: undefined, headers, tls: server.pki.frontProxy.client })
  })
})

describe('a name alone is no permission', () => {
  for (const path of EVERYTHING)
    test(path, async () => {
      const text = await demand(403, path, { as: 'dave' })
      assert.match(text, /^Forbidden \(user=dave, verb=(get|create), resource=nodes, subresource\(s\)=\[.*\]\)/)
    })
})

/** What each path needs, as upstream maps them (KEP-2862). */
const NEEDS: Readonly<Record<string, string>> = {
  '/stats/summary': 'stats',
  '/metrics': 'metrics',
  '/metrics/resource': 'metrics',
  '/metrics/cadvisor': 'metrics',
  '/logs/': 'log',
  '/checkpoint/default/web/main': 'checkpoint',
  '/statusz': 'statusz',
  '/flagz': 'configz',
  '/pods': 'pods proxy',
  '/runningpods/': 'pods proxy',
  '/healthz': 'healthz proxy',
  '/healthz/log': 'healthz proxy',
  '/configz': 'configz proxy',
  '/containerLogs/default/web/main': 'proxy',
  '/exec/default/web/main': 'proxy',
  '/run/default/web/main': 'proxy',
  '/attach/default/web/main': 'proxy',
  '/portForward/default/web': 'proxy',
  '/statsx': 'proxy',
  '/Stats/summary': 'proxy',
  '/': 'proxy',
}

test('each path needs its own subresource of the node', async () => {
  for (const [path, needed] of Object.entries(NEEDS)) {
    const text = await demand(403, path, { as: 'dave' })
    assert.equal(text, `Forbidden (user=dave, verb=get, resource=nodes, subresource(s)=[${needed}])\n`, path)
  }
  for (const [method, verb] of [
    ['POST', 'create'],
    ['PUT', 'update'],
    ['PATCH', 'patch'],
    ['DELETE', 'delete'],
    ['OPTIONS', ''],
  ] as const) {
    const text = await demand(403, '/pods', { as: 'dave', method })
    assert.match(text, new RegExp(`verb=${verb},`))
  }
})

const COMMANDS = [
  'exec/default/web/main?command=id&output=1',
  'attach/default/web/main?output=1',
  'portForward/default/web?port=80',
  'run/default/web/main?cmd=id',
]

describe('who may only look runs no command', () => {
  for (const command of COMMANDS) {
    test(command, async () => {
      const ways = [
        `/${command}`,
        ...['stats', 'metrics', 'pods'].flatMap((open) => [
          `/${open}/../${command}`,
          `/${open}/%2e%2e/${command}`,
          `/${open}/..%2f${command}`,
          `/${open}/..\\${command}`,
          `/${open}//../../${command}`,
          `/${open}/./../${command}`,
          `/${open}/${command.split('/').slice(1).join('/')}`,
          `/${open};/../${command}`,
        ]),
        `//${command}`,
        `/${command.replace('/', '%2f')}`,
        `/%65${command.slice(1)}`,
      ]
      for (const path of ways)
        for (const method of ['GET', 'POST'])
          for (const headers of [{}, UPGRADE]) {
            const { status, text } = await ask(path, { as: 'alice', method, headers })
            // What lies below a path that she may read is answered as that path, and no more.
            const read = status === 200 && /^(# HELP kubelet_|ok$|{"kubeletconfig":|{"kind":"PodList")/.test(text)
            assert.ok(
              read || [301, 400, 403, 404, 405].includes(status),
              `${method} ${path} ${Object.keys(headers).join()}: ${status} ${text}`,
            )
          }
    })
  }
})

test('a right to get nodes/proxy is none to run commands, by GET or a WebSocket', async () => {
  const may =
    (as: User, headers: Record<string, string>, method = 'GET') =>
    (path: string) =>
      ask(path, { as, headers, method })
  for (const command of COMMANDS)
    for (const headers of [
      {},
      UPGRADE,
      {
        ...UPGRADE,
        upgrade: 'websocket',
        'sec-websocket-version': '13',
        'sec-websocket-key': 'dGhlIHNhbXBsZSBub25jZQ==',
      },
    ]) {
      const refused = await may('bob', headers)(`/${command}`)
      assert.equal(refused.status, 403)
      assert.match(refused.text, /user=bob, verb=create, resource=nodes, subresource\(s\)=\[proxy\]/)
    }
  await demand(200, '/pods', { as: 'bob' })
  assert.equal((await may('carol', UPGRADE)(`/${COMMANDS[0]}`)).status, 101)
  assert.equal((await may('carol', {}, 'POST')(`/${COMMANDS[3]}`)).status, 200)
  // Commands are run by POST alone, whoever asks.
  assert.equal((await may('carol', {})(`/${COMMANDS[3]}`)).status, 405)
})

test('through the API server, too: nodes/proxy by GET is no exec', async () => {
  const leave = server.api.server.nodes.add('node', {
    request: () => Promise.reject(new Error('asked')),
    sessionUrl: () => Promise.reject(new Error('asked')),
  })
  try {
    for (const command of COMMANDS) {
      const text = await server.refused(403, `/api/v1/nodes/node/proxy/${command}`, { as: 'bob', headers: UPGRADE })
      assert.match(text, /User "bob" cannot create resource "nodes\/proxy" in API group ""/)
    }
  } finally {
    leave()
  }
})
