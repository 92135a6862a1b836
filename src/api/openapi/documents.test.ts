import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { KubeObject } from '../../apimachinery/meta.ts'
import { completeResource } from '../../apimachinery/resource.ts'
import { builtInResources } from '../index.ts'
import { OpenApiDocuments } from './documents.ts'
import type { Descriptions, Json, PublishedResource } from './model.ts'

const builtIn = builtInResources.map((definition) => ({ definition }))
const documents = new OpenApiDocuments({ builtIn, version: 'v1.36.0' })
const v2 = JSON.parse(documents.v2Json()) as Json

/** Follows keys into a document. */
function at(document: unknown, ...path: string[]): unknown {
  return path.reduce((value, key) => (value as Json | undefined)?.[key], document)
}

function v3(name: string, from = documents): Json {
  return JSON.parse(from.v3(name) ?? 'null') as Json
}

const podPath = '/api/v1/namespaces/{namespace}/pods/{name}'

test('v2 definitions carry what apply and patch need', () => {
  assert.deepEqual(at(v2, 'definitions', 'io.k8s.api.core.v1.PodSpec', 'properties', 'containers'), {
    items: { $ref: '#/definitions/io.k8s.api.core.v1.Container' },
    type: 'array',
    'x-kubernetes-list-map-keys': ['name'],
    'x-kubernetes-list-type': 'map',
    'x-kubernetes-patch-merge-key': 'name',
    'x-kubernetes-patch-strategy': 'merge',
  })
  assert.deepEqual(at(v2, 'definitions', 'io.k8s.api.core.v1.Pod', 'x-kubernetes-group-version-kind'), [
    { group: '', kind: 'Pod', version: 'v1' },
  ])
  assert.equal(at(v2, 'definitions', 'io.k8s.api.core.v1.LocalObjectReference', 'x-kubernetes-map-type'), 'atomic')
  assert.deepEqual(at(v2, 'definitions', 'io.k8s.api.core.v1.PodSpec', 'required'), ['containers'])
})

test('v2 definitions are closed: every reference has its definition', () => {
  const definitions = v2.definitions as Json
  const missing = Array.from(documents.v2Json().matchAll(/"#\/definitions\/([^"]+)"/g), ([, name = '']) => name).filter(
    (name) => !Object.hasOwn(definitions, name),
  )
  assert.deepEqual(missing, [])
})

test('v2 has no defaults, v3 has them and keeps references alone', () => {
  const port = (document: Json, ...path: string[]) =>
    at(document, ...path, 'io.k8s.api.core.v1.ServicePort', 'properties', 'protocol')
  assert.equal(at(port(v2, 'definitions'), 'default'), undefined)
  assert.equal(at(port(v3('api/v1'), 'components', 'schemas'), 'default'), 'TCP')
  const pod = at(v3('api/v1'), 'components', 'schemas', 'io.k8s.api.core.v1.Pod', 'properties')
  assert.deepEqual(at(pod, 'spec'), {
    allOf: [{ $ref: '#/components/schemas/io.k8s.api.core.v1.PodSpec' }],
    default: {},
  })
  const container = at(v3('api/v1'), 'components', 'schemas', 'io.k8s.api.core.v1.Container', 'properties')
  assert.deepEqual(at(container, 'livenessProbe'), { $ref: '#/components/schemas/io.k8s.api.core.v1.Probe' })
  assert.equal(at(container, 'name', 'default'), '')
})

test('quantities and int-or-strings in each dialect', () => {
  const quantity = 'io.k8s.apimachinery.pkg.api.resource.Quantity'
  assert.deepEqual(at(v2, 'definitions', quantity), { type: 'string' })
  assert.deepEqual(at(v3('api/v1'), 'components', 'schemas', quantity), {
    oneOf: [{ type: 'string' }, { type: 'number' }],
  })
  const intOrString = 'io.k8s.apimachinery.pkg.util.intstr.IntOrString'
  assert.deepEqual(at(v2, 'definitions', intOrString), { format: 'int-or-string', type: 'string' })
})

test('kubectl finds dryRun and fieldValidation in place in every patch', () => {
  const names = (at(v2, 'paths', podPath, 'patch', 'parameters') as Json[]).map((p) => p.name ?? p.$ref)
  assert.ok(names.includes('dryRun') && names.includes('fieldValidation'))
  const operation = at(v3('api/v1'), 'paths', podPath, 'patch')
  assert.deepEqual(
    (at(operation, 'parameters') as Json[]).map((p) => p.name),
    ['dryRun', 'fieldManager', 'fieldValidation', 'force'],
  )
  assert.deepEqual(at(operation, 'x-kubernetes-group-version-kind'), { group: '', kind: 'Pod', version: 'v1' })
})

test('what all operations of a path take stands at the path', () => {
  const names = (at(v3('api/v1'), 'paths', podPath, 'parameters') as Json[]).map((p) => p.name)
  assert.deepEqual(names, ['name', 'namespace', 'pretty'])
})

test('operations have upstream’s names', () => {
  const id = (document: Json, path: string, method: string) => at(document, 'paths', path, method, 'operationId')
  assert.equal(id(v2, '/api/v1/pods', 'get'), 'listCoreV1PodForAllNamespaces')
  assert.equal(id(v2, `${podPath}/exec`, 'post'), 'connectCoreV1PostNamespacedPodExec')
  assert.equal(id(v2, `${podPath}/eviction`, 'post'), 'createCoreV1NamespacedPodEviction')
  const rbac = '/apis/rbac.authorization.k8s.io/v1/clusterroles/{name}'
  assert.equal(id(v2, rbac, 'put'), 'replaceRbacAuthorizationV1ClusterRole')
  const scale = '/apis/apps/v1/namespaces/{namespace}/deployments/{name}/scale'
  assert.equal(id(v2, scale, 'get'), 'readAppsV1NamespacedDeploymentScale')
  const ids = Object.values(v2.paths as Json).flatMap((item) =>
    Object.values(item as Json).flatMap((operation) => at(operation, 'operationId') ?? []),
  )
  assert.equal(new Set(ids).size, ids.length, 'each name once')
})

test('the index names a document per group and version, and each is there under its hash', () => {
  const { paths } = JSON.parse(documents.v3Index()) as { paths: Record<string, { serverRelativeURL: string }> }
  assert.ok(Object.hasOwn(paths, 'api/v1') && Object.hasOwn(paths, 'apis/apps/v1') && Object.hasOwn(paths, 'version'))
  for (const [name, { serverRelativeURL }] of Object.entries(paths)) {
    assert.ok(documents.v3(name))
    assert.equal(serverRelativeURL, `/openapi/v3/${name}?hash=${documents.v3Hash(name)}`)
  }
  assert.equal(documents.v3('apis/nonsense/v1'), undefined)
})

test('descriptions are merged in when there are any', () => {
  const descriptions: Descriptions = {
    of: (model, field) => (model === 'io.k8s.api.core.v1.Pod' ? `about ${field ?? 'pods'}` : undefined),
  }
  const described = new OpenApiDocuments({ builtIn, version: 'v1.36.0', descriptions })
  const pod = at(v3('api/v1', described), 'components', 'schemas', 'io.k8s.api.core.v1.Pod')
  assert.equal(at(pod, 'description'), 'about pods')
  assert.equal(at(pod, 'properties', 'spec', 'description'), 'about spec')
})

function cronTabs(openAPIV3Schema: Json | undefined): PublishedResource {
  const definition = completeResource<KubeObject>({
    group: 'stable.example.com',
    version: 'v1',
    kind: 'CronTab',
    plural: 'crontabs',
    scope: 'Namespaced',
    status: true,
    schema: { kind: 'struct', name: '', fields: new Map() },
  })
  return { definition, custom: { openAPIV3Schema } }
}

const schema: Json = {
  type: 'object',
  properties: {
    spec: {
      type: 'object',
      required: ['cronSpec', 'note'],
      properties: {
        cronSpec: { type: 'string', pattern: '^\\d+$', default: '1' },
        note: { type: 'string', nullable: true },
        port: { 'x-kubernetes-int-or-string': true },
        extra: { type: 'object', 'x-kubernetes-preserve-unknown-fields': true },
        template: { type: 'object', 'x-kubernetes-embedded-resource': true, properties: {} },
      },
    },
  },
}
const model = 'com.example.stable.v1.CronTab'
const customName = 'apis/stable.example.com/v1'

test('a custom resource is published as its schema says', () => {
  const document = v3(customName, documents.withCustom([cronTabs(schema)]))
  const published = at(document, 'components', 'schemas', model)
  const spec = at(published, 'properties', 'spec', 'properties')
  assert.deepEqual(at(spec, 'cronSpec'), { type: 'string', pattern: '^\\d+$', default: '1' })
  assert.deepEqual(at(spec, 'port', 'anyOf'), [{ type: 'integer' }, { type: 'string' }])
  assert.deepEqual(at(spec, 'template', 'required'), ['kind', 'apiVersion'])
  assert.deepEqual(at(published, 'x-kubernetes-group-version-kind'), [
    { group: 'stable.example.com', kind: 'CronTab', version: 'v1' },
  ])
  assert.ok(at(published, 'properties', 'metadata'))
  const path = '/apis/stable.example.com/v1/namespaces/{namespace}/crontabs/{name}'
  assert.deepEqual(at(document, 'paths', path, 'patch', 'operationId'), 'patchStableExampleComV1NamespacedCronTab')
  assert.ok(at(document, 'paths', `${path}/status`, 'put'))
  assert.equal(
    Object.keys(document.paths as Json).some((p) => p.includes('/watch/')),
    false,
  )
})

test('v2 leaves out of a custom resource what kubectl could not read', () => {
  const published = JSON.parse(documents.withCustom([cronTabs(schema)]).v2Json()) as Json
  const spec = at(published, 'definitions', model, 'properties', 'spec')
  assert.deepEqual(at(spec, 'required'), ['cronSpec'], 'a nullable field is not required')
  assert.deepEqual(at(spec, 'properties', 'cronSpec'), { type: 'string', pattern: '^\\d+$' })
  assert.deepEqual(at(spec, 'properties', 'note'), {})
  assert.deepEqual(at(spec, 'properties', 'extra'), { 'x-kubernetes-preserve-unknown-fields': true })
  assert.equal(at(spec, 'properties', 'port', 'anyOf'), undefined)
})

test('a custom resource without a schema is any object', () => {
  const document = v3(customName, documents.withCustom([cronTabs(undefined)]))
  assert.equal(at(document, 'components', 'schemas', model, 'type'), 'object')
  assert.equal(at(document, 'components', 'schemas', model, 'properties'), undefined)
})

test('a change of a custom resource moves the hash of its document alone', () => {
  const before = documents.withCustom([cronTabs(schema)])
  const after = before.withCustom([cronTabs({ type: 'object' })])
  assert.notEqual(before.v3Hash(customName), after.v3Hash(customName))
  assert.equal(before.v3Hash('apis/apps/v1'), after.v3Hash('apis/apps/v1'))
  assert.notEqual(before.v2Hash(), after.v2Hash())
  assert.equal(after.withCustom([]).v3(customName), undefined)
})

test('documents of custom resources alone say so', () => {
  const before = documents.withCustom([cronTabs(schema)])
  assert.deepEqual(at(v3(customName, before), 'info'), { title: 'Kubernetes CRD Swagger', version: 'v0.1.0' })
  assert.equal(at(v3(customName, before), 'components', 'securitySchemes'), undefined)
  const builtIn = v3('apis/apps/v1', before)
  assert.deepEqual(at(builtIn, 'info', 'title'), 'Kubernetes')
})
