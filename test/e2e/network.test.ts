import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { TestCluster } from './cluster.ts'
import { eventually } from './eventually.ts'
import type { Kubectl } from './kubectl/kubectl.ts'
import { newestKubectl, noKubectl } from './kubectl/program.ts'
import { IDLE, shellPod } from './pod.ts'
import { noContainers } from './skip.ts'

const DOMAIN = 'network.svc.cluster.local'

describe('the network of a cluster', { skip: noContainers() || noKubectl(), concurrency: 3 }, () => {
  const cluster = new TestCluster('containerd')
  let given: Kubectl | undefined
  before(async () => {
    await cluster.up()
    given = await cluster.kubectl(newestKubectl(), 'network')
    await create(shellPod('client', IDLE))
    await servers()
    await kubectl().ready('pod', '--all')
  })
  after(() => cluster.remove())

  const kubectl = (): Kubectl => {
    if (given === undefined) throw new Error('there is no cluster')
    return given
  }
  const create = (object: object): Promise<string> => kubectl().feed(object, 'create', '-f', '-')
  const inClient = (line: string): Promise<string> => kubectl().ok('exec', 'client', '--', 'sh', '-c', line)
  const fetched = (url: string): Promise<string> => inClient(`timeout 3 wget -q -O - ${url}`)
  const resolved = (name: string, ...type: string[]): Promise<string> =>
    inClient(`nslookup ${type.map((word) => `-type=${word}`).join(' ')} ${name} 2>&1 || true`)
  const value = (path: string, ...object: string[]): Promise<string> => kubectl().value(path, 'get', ...object)

  /** Two pods that say their names over HTTP and UDP, and a Service of each type for them. */
  async function servers(): Promise<void> {
    for (const name of ['one', 'two']) {
      const line = 'mkdir /www; hostname >/www/index.html; httpd -p 8080 -h /www; '
      const ports = [{ name: 'web', containerPort: 8080 }]
      const spec = { hostname: name, subdomain: 'headless' }
      const server = shellPod(name, line + IDLE, { container: { ports }, spec }) as { metadata: { labels: object } }
      await create({ ...server, metadata: { ...server.metadata, labels: { app: 'server' } } })
    }
    const ports = [{ name: 'web', port: 80, targetPort: 'web' }]
    await service('plain', { ports })
    await service('headless', { ports, clusterIP: 'None' })
    await service('sticky', { ports, sessionAffinity: 'ClientIP' })
    await service('outside', { ports, type: 'NodePort' })
  }

  function service(name: string, spec: object): Promise<string> {
    const metadata = { name }
    return create({ apiVersion: 'v1', kind: 'Service', metadata, spec: { selector: { app: 'server' }, ...spec } })
  }

  test('a Service is reached by its address and by each of its names', async () => {
    const ip = await value('{.spec.clusterIP}', 'service', 'plain')
    for (const host of [ip, 'plain', 'plain.network', 'plain.network.svc', `plain.${DOMAIN}`]) {
      await eventually(async () => assert.match(await fetched(`http://${host}/`), /^(one|two)\n$/))
    }
    const answers = await inClient('for i in $(seq 30); do timeout 3 wget -q -O - http://plain/; done')
    assert.deepEqual([...new Set(answers.trim().split('\n'))].sort(), ['one', 'two'])
    assert.match(await (await fetch(`http://${ip}/`)).text(), /^(one|two)\n$/)
  })

  test('session affinity keeps a client with one pod', async () => {
    const answers = await inClient('for i in $(seq 20); do timeout 3 wget -q -O - http://sticky/; done')
    assert.equal(new Set(answers.trim().split('\n')).size, 1)
  })

  test('a NodePort answers on the node, from outside and from pods', async () => {
    const port = await value('{.spec.ports[0].nodePort}', 'service', 'outside')
    const node = await value('{.items[0].status.addresses[?(@.type=="InternalIP")].address}', 'nodes')
    for (const host of ['127.0.0.1', node]) {
      const answer = await fetch(`http://${host}:${port}/`, { headers: { connection: 'close' } })
      assert.match(await answer.text(), /^(one|two)\n$/)
    }
    assert.match(await fetched(`http://${node}:${port}/`), /^(one|two)\n$/)
  })

  test('names: A, SRV, headless, pods of a headless Service, PTR, and none', async () => {
    const ip = await value('{.spec.clusterIP}', 'service', 'plain')
    const pods = (await value('{.items[*].status.podIP}', 'pods', '-l', 'app=server')).split(' ')
    assert.ok((await resolved(`plain.${DOMAIN}`, 'a')).includes(`Address: ${ip}\n`))
    const headless = await resolved(`headless.${DOMAIN}`, 'a')
    for (const pod of pods) assert.ok(headless.includes(`Address: ${pod}\n`), headless)
    const one = await value('{.status.podIP}', 'pod', 'one')
    assert.ok((await resolved(`one.headless.${DOMAIN}`, 'a')).includes(`Address: ${one}\n`))
    assert.match(
      await resolved(`_web._tcp.plain.${DOMAIN}`, 'srv'),
      new RegExp(`service = \\d+ \\d+ 80 plain\\.${DOMAIN}`),
    )
    assert.match(await resolved(`_web._tcp.headless.${DOMAIN}`, 'srv'), new RegExp(`8080 one\\.headless\\.${DOMAIN}`))
    assert.match(await resolved(ip), new RegExp(`name = plain\\.${DOMAIN}`))
    assert.match(await resolved(`none.${DOMAIN}`, 'a'), /NXDOMAIN/)
  })

  test('an ExternalName is another name', async () => {
    await create({
      apiVersion: 'v1',
      kind: 'Service',
      metadata: { name: 'alias' },
      spec: { type: 'ExternalName', externalName: `plain.${DOMAIN}` },
    })
    const wanted = new RegExp(`alias\\.${DOMAIN}\\s+canonical name = plain\\.${DOMAIN}`)
    await eventually(async () => assert.match(await resolved(`alias.${DOMAIN}`), wanted))
    assert.match(await fetched('http://alias/'), /^(one|two)\n$/)
  })

  test('the search path and name server are those of its dnsPolicy', async () => {
    const dns = await value('{.spec.clusterIP}', 'service', 'kube-dns', '-n', 'kube-system')
    const file = await inClient('cat /etc/resolv.conf')
    assert.match(file, /^search network\.svc\.cluster\.local svc\.cluster\.local cluster\.local/m)
    assert.match(file, new RegExp(`^nameserver ${dns}$`, 'm'))
    assert.match(file, /^options ndots:5$/m)
    const dnsConfig = {
      nameservers: ['192.0.2.53'],
      searches: ['example.com'],
      options: [{ name: 'ndots', value: '2' }],
    }
    await create(shellPod('own-dns', IDLE, { spec: { dnsPolicy: 'None', dnsConfig } }))
    await kubectl().ready('pod/own-dns')
    const own = await kubectl().ok('exec', 'own-dns', '--', 'cat', '/etc/resolv.conf')
    assert.equal(own, 'search example.com\nnameserver 192.0.2.53\noptions ndots:2\n')
  })

  test('a Service without endpoints refuses at once, and follows what becomes ready', async () => {
    await create(
      shellPod('slow', `mkdir /www; echo late >/www/index.html; httpd -p 8080 -h /www; ${IDLE}`, {
        container: { readinessProbe: { exec: { command: ['test', '-e', '/go'] }, periodSeconds: 1 } },
      }),
    )
    await kubectl().ok('expose', 'pod', 'slow', '--port=80', '--target-port=8080')
    const refused = async (): Promise<void> =>
      assert.match(await inClient('timeout 3 wget -O - http://slow/ 2>&1 || true'), /refused/)
    await eventually(refused)
    await kubectl().ok('wait', '--for=jsonpath={.status.phase}=Running', 'pod/slow', '--timeout=30s')
    await kubectl().ok('exec', 'slow', '--', 'touch', '/go')
    await eventually(async () => assert.equal(await fetched('http://slow/'), 'late\n'))
    await kubectl().ok('delete', 'pod', 'slow')
    await eventually(refused)
  })

  test('a pod reaches itself by its Service, others by their address, and a port of the host', async () => {
    await create(
      shellPod('selfish', `mkdir /www; echo me >/www/index.html; httpd -p 8080 -h /www; ${IDLE}`, {
        container: { ports: [{ containerPort: 8080, hostPort: 18089 }] },
      }),
    )
    await kubectl().ready('pod/selfish')
    await kubectl().ok('expose', 'pod', 'selfish', '--port=80', '--target-port=8080', '--name=mirror')
    const self = (): Promise<string> =>
      kubectl().ok('exec', 'selfish', '--', 'timeout', '3', 'wget', '-q', '-O', '-', 'http://mirror/')
    await eventually(async () => assert.equal(await self(), 'me\n'))
    const ip = await value('{.status.podIP}', 'pod', 'selfish')
    assert.equal(await fetched(`http://${ip}:8080/`), 'me\n')
    const node = await value('{.status.hostIP}', 'pod', 'selfish')
    assert.equal(await (await fetch(`http://${node}:18089/`)).text(), 'me\n')
  })

  test('UDP, by a Service: the name server is one', async () => {
    const dns = await value('{.spec.clusterIP}', 'service', 'kube-dns', '-n', 'kube-system')
    assert.match(await inClient(`nslookup kubernetes.default.svc.cluster.local ${dns}`), /Address: 10\.\d+\.0\.1\n/)
  })
})
