import assert from 'node:assert/strict'
import test, { after, before, describe, it } from 'node:test'
import {
  ApiException,
  ApiextensionsV1Api,
  AppsV1Api,
  CoreV1Api,
  CustomObjectsApi,
  KubeConfig,
  KubernetesObjectApi,
  makeInformer,
  PatchStrategy,
  setHeaderOptions,
  VersionApi,
  Watch,
  type KubernetesObject,
} from '@kubernetes/client-node'
import { startCluster, type Cluster } from '../../src/testing/index.ts'

const NAMESPACE = 'default'

describe("JavaScript's own client", () => {
  let cluster: Cluster
  const config = new KubeConfig()
  before(async () => {
    cluster = await startCluster()
    config.loadFromString(await cluster.kubeconfig())
  })
  after(() => cluster.stop())

  it('reads, writes, patches and deletes', async () => {
    const core = config.makeApiClient(CoreV1Api)
    const name = 'crud'
    const body = { metadata: { name, labels: { a: '1' } }, data: { k: 'v' } }
    const made = await core.createNamespacedConfigMap({ namespace: NAMESPACE, body })
    assert.ok(made.metadata?.creationTimestamp instanceof Date)
    made.data = { k: 'w' }
    assert.equal((await core.replaceNamespacedConfigMap({ namespace: NAMESPACE, name, body: made })).data?.k, 'w')
    const patched = await core.patchNamespacedConfigMap(
      { namespace: NAMESPACE, name, body: { data: { k: null, l: 'x' } } },
      setHeaderOptions('Content-Type', PatchStrategy.MergePatch),
    )
    assert.deepEqual(patched.data, { l: 'x' })
    const listed = await core.listNamespacedConfigMap({ namespace: NAMESPACE, labelSelector: 'a=1' })
    assert.deepEqual(
      listed.items.map((item) => item.metadata?.name),
      [name],
    )
    await core.deleteNamespacedConfigMap({ namespace: NAMESPACE, name })
    const gone = core.readNamespacedConfigMap({ namespace: NAMESPACE, name })
    await assert.rejects(gone, (error) => error instanceof ApiException && error.code === 404)
  })

  it('applies any kind of object', async () => {
    const objects = KubernetesObjectApi.makeApiClient(config)
    const service = {
      apiVersion: 'v1',
      kind: 'Service',
      metadata: { name: 'applied', namespace: NAMESPACE },
      spec: { ports: [{ port: 80 }], selector: { app: 'web' } },
    }
    const apply = (object: KubernetesObject, manager: string) =>
      objects.patch(object, undefined, undefined, manager, undefined, PatchStrategy.ServerSideApply)
    assert.equal((await apply(service, 'one')).kind, 'Service')
    const other = { ...service, spec: { ...service.spec, selector: { app: 'api' } } }
    await assert.rejects(apply(other, 'two'), (error) => error instanceof ApiException && error.code === 409)
  })

  it('follows a kind with an informer', async () => {
    const core = config.makeApiClient(CoreV1Api)
    const list = () => core.listNamespacedSecret({ namespace: NAMESPACE })
    const informer = makeInformer(config, `/api/v1/namespaces/${NAMESPACE}/secrets`, list)
    const seen = (verb: 'add' | 'update' | 'delete') =>
      new Promise<string | undefined>((resolve) => {
        informer.on(verb, (secret) => resolve(`${verb} ${secret.metadata?.name} ${secret.data?.k ?? ''}`))
      })
    const failed = new Promise<never>((_, reject) => informer.on('error', reject))
    await informer.start()
    try {
      const body = { metadata: { name: 'watched' }, stringData: { k: 'v' } }
      const added = seen('add')
      await core.createNamespacedSecret({ namespace: NAMESPACE, body })
      assert.equal(await Promise.race([added, failed]), `add watched ${Buffer.from('v').toString('base64')}`)
      const updated = seen('update')
      await core.patchNamespacedSecret(
        { namespace: NAMESPACE, name: 'watched', body: { stringData: { k: 'w' } } },
        setHeaderOptions('Content-Type', PatchStrategy.StrategicMergePatch),
      )
      assert.equal(await Promise.race([updated, failed]), `update watched ${Buffer.from('w').toString('base64')}`)
      const deleted = seen('delete')
      await core.deleteNamespacedSecret({ namespace: NAMESPACE, name: 'watched' })
      assert.match((await Promise.race([deleted, failed])) ?? '', /^delete watched/)
    } finally {
      await informer.stop()
    }
  })

  it('watches until told to stop', async () => {
    const apps = config.makeApiClient(AppsV1Api)
    const labels = { app: 'web' }
    const template = { metadata: { labels }, spec: { containers: [{ name: 'c', image: 'i' }] } }
    const spec = { replicas: 2, selector: { matchLabels: labels }, template }
    await apps.createNamespacedDeployment({ namespace: NAMESPACE, body: { metadata: { name: 'web' }, spec } })
    const path = `/apis/apps/v1/namespaces/${NAMESPACE}/deployments`
    const { promise, resolve, reject } = Promise.withResolvers<void>()
    const abort = await new Watch(config).watch(
      path,
      { fieldSelector: 'metadata.name=web' },
      (_type, object: { status?: { availableReplicas?: number } }) => {
        if (object.status?.availableReplicas === 2) resolve()
      },
      (error) => (error ? reject(error) : resolve()),
    )
    await promise
    abort.abort()
  })

  it('defines a kind and uses it', async () => {
    const name = 'boats.example.com'
    const schema = {
      openAPIV3Schema: {
        type: 'object',
        properties: { spec: { type: 'object', properties: { masts: { type: 'integer' } } } },
      },
    }
    await config.makeApiClient(ApiextensionsV1Api).createCustomResourceDefinition({
      body: {
        metadata: { name },
        spec: {
          group: 'example.com',
          scope: 'Namespaced',
          names: { plural: 'boats', kind: 'Boat' },
          versions: [{ name: 'v1', served: true, storage: true, schema }],
        },
      },
    })
    const boats = { group: 'example.com', version: 'v1', namespace: NAMESPACE, plural: 'boats' }
    const custom = config.makeApiClient(CustomObjectsApi)
    const body = { apiVersion: 'example.com/v1', kind: 'Boat', metadata: { name: 'skiff' }, spec: { masts: 1 } }
    await cluster.until(() =>
      custom.listNamespacedCustomObject(boats).then(
        () => true,
        () => false,
      ),
    )
    await custom.createNamespacedCustomObject({ ...boats, body })
    const wrong = custom.createNamespacedCustomObject({ ...boats, body: { ...body, spec: { masts: 'one' } } })
    await assert.rejects(wrong, (error) => error instanceof ApiException && error.code === 422)
  })
})

test('the version says what is served', async () => {
  await using cluster = await startCluster({ nodes: 0 })
  const config = new KubeConfig()
  config.loadFromString(await cluster.kubeconfig())
  const { major, minor } = await config.makeApiClient(VersionApi).getCode()
  assert.deepEqual([major, minor], ['1', '36'])
})
