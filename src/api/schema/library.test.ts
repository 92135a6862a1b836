import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { FieldSchema, ListSchema, Schema, StructSchema } from '../../apimachinery/schema.ts'
import { kinds } from '../generated/kinds.ts'
import { schemaPackages } from '../generated/schema/index.ts'
import { builtInSchemas, schemaFor } from '../schema-for.ts'

const core = 'io.k8s.api.core.v1'

function field(type: string, ...path: string[]): FieldSchema {
  let schema: Schema = schemaFor(type)
  let found: FieldSchema | undefined
  for (const name of path) {
    while (schema.kind === 'list' || schema.kind === 'map')
      schema = schema.kind === 'list' ? schema.items : schema.values
    found = schema.kind === 'struct' ? schema.fields.get(name) : undefined
    assert.ok(found, `${type} has no ${path.join('.')}`)
    schema = found.schema
  }
  return found!
}

test('the containers of a pod are a list merged and owned by name', () => {
  const containers = field(`${core}.Pod`, 'spec', 'containers')
  assert.equal(containers.required, true)
  assert.deepEqual(containers.patchStrategy, ['merge'])
  assert.equal(containers.patchMergeKey, 'name')
  const list = containers.schema as ListSchema
  assert.equal(list.listType, 'map')
  assert.deepEqual(list.listMapKeys, ['name'])
  assert.equal((list.items as StructSchema).name, `${core}.Container`)
})

test('ports are owned by number and protocol, and patched by number', () => {
  const ports = field(`${core}.Container`, 'ports')
  assert.deepEqual((ports.schema as ListSchema).listMapKeys, ['containerPort', 'protocol'])
  assert.equal(ports.patchMergeKey, 'containerPort')
  assert.equal(field(`${core}.ContainerPort`, 'protocol').default, 'TCP')
})

test('several patch strategies are kept in order', () => {
  assert.deepEqual(field(`${core}.PodSpec`, 'volumes').patchStrategy, ['merge', 'retainKeys'])
  assert.deepEqual(field('io.k8s.api.apps.v1.Deployment', 'spec', 'strategy').patchStrategy, ['retainKeys'])
})

test('the numbers of protobuf', () => {
  const numbers = (type: string, ...names: string[]) => names.map((name) => field(type, name).number)
  assert.deepEqual(numbers(`${core}.Pod`, 'metadata', 'spec', 'status'), [1, 2, 3])
  assert.deepEqual(numbers(`${core}.Container`, 'name', 'startupProbe', 'resizePolicy'), [1, 22, 23])
  assert.deepEqual(numbers(`${core}.Pod`, 'kind', 'apiVersion'), [undefined, undefined])
})

test('an inlined struct is flat in JSON and nested in protobuf', () => {
  const { number, protoPath } = field(`${core}.Volume`, 'emptyDir')
  assert.deepEqual({ number, protoPath }, { number: 2, protoPath: [2, 2] })
  assert.equal(field(`${core}.Volume`, 'name').protoPath, undefined)
})

test('scalars with an encoding of their own', () => {
  assert.equal(field(`${core}.ServicePort`, 'targetPort').schema.kind, 'intOrString')
  assert.equal(
    field(`${core}.ObjectMeta`.replace(core, 'io.k8s.apimachinery.pkg.apis.meta.v1'), 'creationTimestamp').schema.kind,
    'time',
  )
  assert.equal(field('io.k8s.api.coordination.v1.LeaseSpec', 'renewTime').schema.kind, 'microTime')
  assert.deepEqual(field(`${core}.ResourceRequirements`, 'limits').schema, {
    kind: 'map',
    values: { kind: 'quantity' },
    goType: 'v1.ResourceList',
  })
  assert.deepEqual(field(`${core}.Secret`, 'data').schema, { kind: 'map', values: { kind: 'bytes' } })
  const extra = field('io.k8s.api.authentication.v1.UserInfo', 'extra').schema
  assert.deepEqual(extra, {
    kind: 'map',
    values: { kind: 'list', items: { kind: 'string' }, wrapped: true, goType: 'v1.ExtraValue' },
    goType: 'map[string]v1.ExtraValue',
  })
})

test('enums', () => {
  const policy = field(`${core}.PodSpec`, 'restartPolicy').schema
  assert.deepEqual(policy, { kind: 'string', enum: ['Always', 'Never', 'OnFailure'], goType: 'v1.RestartPolicy' })
})

test('a map type of the struct, and one of a field alone', () => {
  assert.equal(schemaFor(`${core}.LocalObjectReference`).mapType, 'atomic')
  const claimRef = field(`${core}.PersistentVolumeSpec`, 'claimRef').schema as StructSchema
  assert.equal(claimRef.mapType, 'granular')
  assert.equal(schemaFor(`${core}.ObjectReference`).mapType, 'atomic')
  assert.deepEqual([...claimRef.fields.keys()], [...schemaFor(`${core}.ObjectReference`).fields.keys()])
})

test('what Go writes even when it is empty', () => {
  assert.equal(field(`${core}.Pod`, 'status').alwaysWritten, true, 'a struct held by value')
  assert.equal(field(`${core}.Container`, 'name').alwaysWritten, true, 'no omitempty')
  assert.equal(field(`${core}.Container`, 'image').alwaysWritten, undefined)
  const metadata = 'io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta'
  assert.equal(field(metadata, 'creationTimestamp').alwaysWritten, undefined, 'omitzero')
})

test('declarative validation stands as upstream has it', () => {
  const { validations } = field('io.k8s.api.scheduling.v1alpha2.WorkloadSpec', 'podGroupTemplates')
  assert.ok(validations?.includes('+k8s:maxItems=8'))
})

test('a recursive type refers to itself', () => {
  const props = schemaFor('io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.v1.JSONSchemaProps')
  const not = props.fields.get('not')?.schema
  assert.equal(not, props)
})

test('every struct of every package can be read, and every reference leads somewhere', () => {
  const names = schemaPackages.flatMap((pkg) => builtInSchemas.structsOf(pkg.model))
  assert.ok(names.length > 900)
  for (const name of names) assert.ok(schemaFor(name).fields.size >= 0)
})

test('every kind has its schema, and its list too', () => {
  for (const { schema, list, kind } of kinds) {
    assert.equal(schemaFor(schema).name, schema)
    if (list) assert.ok(schemaFor(schema.replace(new RegExp(`${kind}$`), list)).fields.has('items'))
  }
})

test('an unknown name is an error', () => {
  assert.throws(() => schemaFor(`${core}.Nonsense`), /no schema is generated for/)
  assert.throws(() => schemaFor('nonsense'), /no schema is generated for/)
})

test('the names that Go has for types, and for what inlines a field', () => {
  const modes = field(`${core}.PersistentVolumeClaimSpec`, 'accessModes').schema as ListSchema
  assert.deepEqual((modes.items as { goType?: string }).goType, 'v1.PersistentVolumeAccessMode')
  assert.equal((field(`${core}.ResourceQuotaSpec`, 'hard').schema as { goType?: string }).goType, 'v1.ResourceList')
  const finalizers = field(`${core}.NamespaceSpec`, 'finalizers').schema as ListSchema
  assert.deepEqual(
    [finalizers.goType, (finalizers.items as { goType?: string }).goType],
    ['[]v1.FinalizerName', 'v1.FinalizerName'],
  )
  assert.deepEqual(field(`${core}.Volume`, 'emptyDir').inlinedBy, ['VolumeSource'])
})
