/** Two API servers over one etcd: what is written at one is true at the other. */
import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import type { ResourceQuota, Service } from '../../src/api/generated/types/core/v1.ts'
import type { KubeList, KubeObject } from '../../src/apimachinery/meta.ts'
import type { UserInfo } from '../../src/apiserver/authn/types.ts'
import { handle, type LocalEvent, type LocalResponse } from '../../src/apiserver/inprocess/handle.ts'
import { makeAuthority, makeCertificate } from '../../src/cmd/server/certificates.ts'
import { openStore } from '../../src/cmd/server/open-store.ts'
import { startGuardedApi, type GuardedApi } from '../../src/cmd/server/guarded-api.ts'
import { sleep, systemClock } from '../../src/lib/clock.ts'
import type { Env } from '../../src/lib/env.ts'
import { silentLogger } from '../../src/lib/log.ts'
import { systemRandom } from '../../src/lib/random.ts'
import { EtcdStore } from '../../src/store/etcd/store.ts'
import { noEtcd, startEtcd, type EtcdProcesses } from '../../src/store/etcd/testing/etcd-process.ts'

const ADMIN: UserInfo = { name: 'admin', groups: ['system:masters', 'system:authenticated'] }
const env: Env = { clock: systemClock, random: systemRandom, log: silentLogger }
const CONFIG_MAPS = '/api/v1/namespaces/default/configmaps'
const SERVICES = '/api/v1/namespaces/default/services'

/** One of the API servers. */
class Peer {
  readonly store: EtcdStore
  readonly api: GuardedApi

  static async start(endpoints: readonly string[]): Promise<Peer> {
    const store = await EtcdStore.open({ endpoints, clock: systemClock })
    const api = await startGuardedApi({
      store,
      env,
      rootCa: '',
      serviceCidr: '10.96.0.0/24',
      clusterDomain: 'cluster.local',
    })
    return new Peer(store, api)
  }

  private constructor(store: EtcdStore, api: GuardedApi) {
    this.store = store
    this.api = api
  }

  send(method: string, path: string, body?: unknown): Promise<LocalResponse> {
    return handle(this.api.server, { method, path, headers: {}, ...(body !== undefined && { body }) }, ADMIN)
  }

  async expect<T = KubeObject>(status: number, method: string, path: string, body?: unknown): Promise<T> {
    const response = await this.send(method, path, body)
    assert.equal(response.status, status, JSON.stringify(response.body))
    return response.body as T
  }

  async names(path: string): Promise<(string | undefined)[]> {
    const { items } = await this.expect<KubeList<KubeObject>>(200, 'GET', path)
    return items.map(({ metadata }) => metadata.name)
  }

  async close(): Promise<void> {
    await this.api.stop()
    await this.store.close()
  }
}

/** The names that a watch has seen come, as they come. */
async function watched(
  peer: Peer,
  path: string,
): Promise<{ readonly names: string[]; until(count: number): Promise<void> }> {
  const { events } = (await peer.send('GET', `${path}?watch=true`)) as LocalResponse & {
    events: AsyncIterable<LocalEvent>
  }
  const names: string[] = []
  let wake = (): void => {}
  const follow = async (): Promise<void> => {
    for await (const { object } of events) {
      names.push((object as KubeObject).metadata.name ?? '')
      wake()
    }
  }
  void follow()
  return {
    names,
    async until(count) {
      while (names.length < count) await new Promise<void>((resolve) => (wake = resolve))
    },
  }
}

const configMap = (name: string): KubeObject => ({ metadata: { name } })

describe('two API servers over one etcd', { skip: noEtcd() ?? false }, () => {
  let etcd: EtcdProcesses
  let one: Peer
  let two: Peer

  before(async () => {
    etcd = await startEtcd()
    ;[one, two] = await Promise.all([Peer.start(etcd.endpoints), Peer.start(etcd.endpoints)])
    await Promise.all([one.api.bootstrap(), two.api.bootstrap()])
  })
  after(async () => {
    await Promise.all([one.close(), two.close()])
    await etcd.stop()
  })

  test('what one has acknowledged, the other reads, lists and counts at once', async () => {
    for (let i = 0; i < 50; i++) {
      const [here, there] = i % 2 === 0 ? [one, two] : [two, one]
      const name = `made-${i}`
      const made = await here.expect(201, 'POST', CONFIG_MAPS, configMap(name))
      const read = await there.expect(200, 'GET', `${CONFIG_MAPS}/${name}`)
      assert.equal(read.metadata.resourceVersion, made.metadata.resourceVersion)
      assert.ok((await there.names(CONFIG_MAPS)).includes(name))
      assert.deepEqual(await there.names(`${CONFIG_MAPS}?fieldSelector=metadata.name%3D${name}`), [name])
      const { resourceVersion = '' } = made.metadata
      assert.ok((await there.names(`${CONFIG_MAPS}?resourceVersion=${resourceVersion}`)).includes(name))
      await here.expect(200, 'DELETE', `${CONFIG_MAPS}/${name}`)
      await there.expect(404, 'GET', `${CONFIG_MAPS}/${name}`)
    }
  })

  test('watches at both tell the same in the same order', async () => {
    const path = '/api/v1/namespaces/kube-public/configmaps'
    const [here, there] = await Promise.all([watched(one, path), watched(two, path)])
    await Promise.all(
      Array.from({ length: 60 }, (_, i) => (i % 2 === 0 ? one : two).expect(201, 'POST', path, configMap(`w${i}`))),
    )
    await Promise.all([here.until(60), there.until(60)])
    assert.deepEqual(here.names, there.names)
  })

  test('an update of what the other has changed meanwhile is a conflict', async () => {
    const made = await one.expect(201, 'POST', CONFIG_MAPS, configMap('contested'))
    const path = `${CONFIG_MAPS}/contested`
    await two.expect(200, 'PUT', path, { ...made, data: { by: 'two' } })
    await one.expect(409, 'PUT', path, { ...made, data: { by: 'one' } })
    const outcomes = await Promise.all(
      Array.from({ length: 100 }, (_, i) =>
        (i % 2 === 0 ? one : two).send('PUT', path, { metadata: { name: 'contested' }, data: { by: `${i}` } }),
      ),
    )
    assert.deepEqual([...new Set(outcomes.map(({ status }) => status))], [200])
  })

  test('no cluster IP and no node port is given twice', async () => {
    const made = await Promise.all(
      Array.from({ length: 60 }, (_, i) =>
        (i % 2 === 0 ? one : two).expect<Service>(201, 'POST', SERVICES, {
          metadata: { name: `s${i}` },
          spec: { type: 'NodePort', ports: [{ port: 80 }] },
        }),
      ),
    )
    assert.equal(new Set(made.map(({ spec }) => spec.clusterIP)).size, 60)
    assert.equal(new Set(made.map(({ spec }) => spec.ports?.[0]?.nodePort)).size, 60)
    const [nodePort] = made.map(({ spec }) => spec.ports?.[0]?.nodePort)
    const asked = { metadata: { name: 'late' }, spec: { type: 'NodePort', ports: [{ port: 80, nodePort }] } }
    await two.expect(422, 'POST', SERVICES, asked)
    await one.expect(200, 'DELETE', `${SERVICES}/s0`)
    await two.expect(201, 'POST', SERVICES, asked)
  })

  test('a quota holds whichever server is asked', async () => {
    const path = '/api/v1/namespaces/kube-node-lease'
    const spec = { hard: { secrets: '10' } }
    await one.expect<ResourceQuota>(201, 'POST', `${path}/resourcequotas`, { metadata: { name: 'few' }, spec })
    const status = { hard: { secrets: '10' }, used: { secrets: '0' } }
    await one.expect(200, 'PUT', `${path}/resourcequotas/few/status`, { metadata: { name: 'few' }, spec, status })
    const outcomes = await Promise.all(
      Array.from({ length: 20 }, (_, i) =>
        (i % 2 === 0 ? one : two).send('POST', `${path}/secrets`, configMap(`q${i}`)),
      ),
    )
    assert.equal(outcomes.filter((outcome) => outcome.status === 201).length, 10)
    assert.equal((await two.names(`${path}/secrets`)).length, 10)
    const { status: counted } = await two.expect<ResourceQuota>(200, 'GET', `${path}/resourcequotas/few`)
    assert.deepEqual(counted?.used, { secrets: '10' })
  })

  test('a custom resource of one is soon one of the other', async () => {
    await one.expect(201, 'POST', '/apis/apiextensions.k8s.io/v1/customresourcedefinitions', {
      metadata: { name: 'boats.example.com' },
      spec: {
        group: 'example.com',
        scope: 'Namespaced',
        names: { plural: 'boats', singular: 'boat', kind: 'Boat', listKind: 'BoatList' },
        versions: [{ name: 'v1', served: true, storage: true, schema: { openAPIV3Schema: { type: 'object' } } }],
      },
    })
    const path = '/apis/example.com/v1/namespaces/default/boats'
    for (const peer of [one, two]) while ((await peer.send('GET', path)).status === 404) await sleep(systemClock, 5)
    await one.expect(201, 'POST', path, { apiVersion: 'example.com/v1', kind: 'Boat', metadata: { name: 'argo' } })
    assert.deepEqual(await two.names(path), ['argo'])
  })

  test('a server that starts later has all of it, and one that ends takes nothing along', async () => {
    const path = '/api/v1/namespaces/kube-node-lease/configmaps'
    const three = await Peer.start(etcd.endpoints)
    const seen = await watched(two, path)
    await three.expect(201, 'POST', path, configMap('by-three'))
    await three.close()
    await one.expect(201, 'POST', path, configMap('by-one'))
    await seen.until(2)
    assert.deepEqual(seen.names, ['by-three', 'by-one'])
    assert.ok((await two.names(path)).includes('by-three'))
  })
})

test('etcd is reached with certificates, and not without', { skip: noEtcd() ?? false }, async () => {
  const folder = mkdtempSync(join(tmpdir(), 'skiff-etcd-tls-'))
  const file = (name: string, text: string): string => {
    writeFileSync(join(folder, name), text)
    return join(folder, name)
  }
  const authority = await makeAuthority(env, 'CN=etcd-ca')
  const serving = await makeCertificate(env, authority, { name: 'CN=etcd', serves: ['127.0.0.1'] })
  const client = await makeCertificate(env, authority, { name: 'CN=skiff' })
  const caFile = file('ca.crt', authority.cert)
  const etcd = await startEtcd({
    scheme: 'https',
    flags: [
      `--cert-file=${file('serving.crt', serving.cert)}`,
      `--key-file=${file('serving.key', serving.key)}`,
      `--trusted-ca-file=${caFile}`,
      '--client-cert-auth',
    ],
  })
  const common = { servers: etcd.endpoints, prefix: '/kube', compactionSeconds: 0 }
  const open = (files: object) => openStore({ settings: { etcd: { ...common, ...files } }, paths: { store: '' }, env })
  const certFile = file('client.crt', client.cert)
  const keyFile = file('client.key', client.key)
  const store = await open({ caFile, certFile, keyFile })
  await store.write({ key: '/registry/pods/a', value: Buffer.from('{}') })
  assert.equal(await store.count('/registry/pods/'), 1)
  await store.close()
  await assert.rejects(open({ caFile }), /cannot use the etcd at https:/)
  await assert.rejects(open({}), /cannot use the etcd at https:/)
  await etcd.stop()
  rmSync(folder, { recursive: true })
})
