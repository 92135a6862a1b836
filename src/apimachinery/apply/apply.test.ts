import assert from 'node:assert/strict'
import test from 'node:test'
import { schemaFor } from '../../api/schema-for.ts'
import { decodeValue } from '../codec/json/decode.ts'
import { encodeJson } from '../codec/json/encode.ts'
import type { KubeObject, ManagedFieldsEntry } from '../meta.ts'
import type { FieldSchema, StructSchema } from '../schema.ts'
import { StatusError } from '../status.ts'
import { applyPatch } from './apply.ts'
import { LAST_APPLIED } from './last-applied.ts'
import { keepTimes } from './times.ts'
import { recordUpdate, resetFields } from './update.ts'
import type { ManagedWrite } from './update.ts'

const schema = schemaFor('io.k8s.api.apps.v1.Deployment')
const FIRST = '2026-01-01T00:00:00Z'
const LATER = '2026-01-01T00:00:01Z'

type Deployment = KubeObject & { spec?: Record<string, unknown> & { template?: unknown }; status?: unknown }

const deployment = (spec: Record<string, unknown>, metadata: object = {}): Deployment => ({
  apiVersion: 'apps/v1',
  kind: 'Deployment',
  metadata: { name: 'web', namespace: 'default', ...metadata },
  spec,
})

const containers = (...items: object[]): object => ({ template: { spec: { containers: items } } })

const write = (manager: string, more: Partial<ManagedWrite> = {}): ManagedWrite => ({
  schema,
  apiVersion: 'apps/v1',
  manager,
  now: FIRST,
  ignored: resetFields('status'),
  ...more,
})

/** What the registry keeps of an object. */
const kept = (object: object): Deployment => {
  const decoded = decodeValue(schema, structuredClone(object), 'Ignore').object
  const stored = JSON.parse(encodeJson(schema, decoded)) as Deployment
  return { ...stored, metadata: { ...stored.metadata, uid: 'u' } }
}

const apply = (live: Deployment | undefined, applied: Deployment, manager: string, more: object = {}): Deployment =>
  kept(applyPatch(live, applied, { ...write(manager), kind: 'Deployment', force: false, ...more }).object)

const update = (live: Deployment | undefined, object: Deployment, manager: string, more: object = {}): Deployment => {
  const next = { ...object, metadata: { ...object.metadata, managedFields: live?.metadata.managedFields } }
  const managedFields = recordUpdate(live, next as Deployment, write(manager, more))
  return kept({ ...next, metadata: { ...next.metadata, managedFields } })
}

const owners = (object: Deployment): Record<string, unknown> =>
  Object.fromEntries((object.metadata.managedFields ?? []).map((entry) => [entry.manager ?? '', entry.fieldsV1]))

const entry = (object: Deployment, manager: string): ManagedFieldsEntry | undefined =>
  object.metadata.managedFields?.find((e) => e.manager === manager)

const conflictOf = (act: () => unknown): StatusError => {
  try {
    act()
  } catch (error) {
    assert.ok(error instanceof StatusError)
    return error
  }
  throw new Error('no conflict')
}

test('a created object belongs to who created it, but for what nobody owns', () => {
  const live = update(
    undefined,
    deployment({ replicas: 1, ...containers({ name: 'a', image: 'x' }) }, { labels: { app: 'web' } }),
    'kubectl-create',
  )
  assert.deepEqual(live.metadata.managedFields, [
    {
      manager: 'kubectl-create',
      operation: 'Update',
      apiVersion: 'apps/v1',
      time: FIRST,
      fieldsType: 'FieldsV1',
      fieldsV1: {
        'f:metadata': { 'f:labels': { '.': {}, 'f:app': {} } },
        'f:spec': {
          'f:replicas': {},
          'f:template': {
            'f:spec': {
              'f:containers': { 'k:{"name":"a"}': { '.': {}, 'f:image': {}, 'f:name': {}, 'f:resources': {} } },
            },
          },
        },
      },
    },
  ])
})

test('an update takes the fields that it changes, and only then moves the time', () => {
  const created = update(undefined, deployment({ replicas: 1, minReadySeconds: 5 }), 'creator')
  const scaled = update(created, deployment({ replicas: 2, minReadySeconds: 5 }), 'scaler', { now: LATER })
  assert.deepEqual(owners(scaled), {
    creator: { 'f:spec': { 'f:minReadySeconds': {} } },
    scaler: { 'f:spec': { 'f:replicas': {} } },
  })
  assert.equal(entry(scaled, 'creator')?.time, FIRST)
  assert.equal(entry(scaled, 'scaler')?.time, LATER)
  const again = update(scaled, deployment({ replicas: 2, minReadySeconds: 5 }), 'other', {
    now: '2027-01-01T00:00:00Z',
  })
  assert.deepEqual(again.metadata.managedFields, scaled.metadata.managedFields)
  const removed = update(scaled, deployment({ replicas: 2 }), 'creator', { now: LATER })
  assert.deepEqual(Object.keys(owners(removed)), ['scaler'])
})

test('a subresource is a manager of its own', () => {
  const created = update(undefined, deployment({ replicas: 1 }), 'controller')
  const status = { ...deployment({ replicas: 1 }), status: { replicas: 1 } }
  const live = update(created, status, 'controller', { subresource: 'status', ignored: resetFields('spec') })
  assert.deepEqual(
    live.metadata.managedFields?.map((e) => [e.manager, e.subresource, e.fieldsV1]),
    [
      ['controller', undefined, { 'f:spec': { 'f:replicas': {} } }],
      ['controller', 'status', { 'f:status': { 'f:replicas': {} } }],
    ],
  )
})

test('applying creates, owns, and removes what it applies no more', () => {
  const first = apply(
    undefined,
    deployment({ replicas: 1, ...containers({ name: 'a', image: 'x' }, { name: 'b', image: 'y' }) }),
    'me',
  )
  assert.equal(entry(first, 'me')?.operation, 'Apply')
  const second = apply(first, deployment({ ...containers({ name: 'a', image: 'z' }) }), 'me')
  assert.equal(second.spec?.replicas, undefined)
  assert.deepEqual(second.spec?.template, {
    metadata: {},
    spec: { containers: [{ name: 'a', image: 'z', resources: {} }] },
  })
})

test('what somebody else owns too stays when it is applied no more', () => {
  const mine = apply(undefined, deployment({ replicas: 1, minReadySeconds: 5 }), 'me')
  const shared = apply(mine, deployment({ replicas: 1 }), 'you')
  const left = apply(shared, deployment({ minReadySeconds: 5 }), 'me')
  assert.equal(left.spec?.replicas, 1)
  assert.deepEqual(Object.keys(owners(left)).sort(), ['me', 'you'])
})

test('items that others put into an applied list stay, and so do their fields of applied items', () => {
  const mine = apply(undefined, deployment({ ...containers({ name: 'a', image: 'x' }) }), 'me')
  const injected = update(
    mine,
    deployment({
      ...containers({ name: 'a', image: 'x', tty: true, resources: {} }, { name: 'side', image: 's', resources: {} }),
    }),
    'injector',
  )
  const again = apply(injected, deployment({ ...containers({ name: 'a', image: 'y' }) }), 'me')
  assert.deepEqual(again.spec?.template, {
    metadata: {},
    spec: {
      containers: [
        { name: 'a', image: 'y', tty: true, resources: {} },
        { name: 'side', image: 's', resources: {} },
      ],
    },
  })
})

test('one conflict, in upstream’s words', () => {
  const live = update(undefined, deployment({ replicas: 1 }), 'kubectl')
  const error = conflictOf(() => apply(live, deployment({ replicas: 2 }), 'me'))
  assert.equal(error.code, 409)
  assert.equal(error.reason, 'Conflict')
  assert.equal(error.message, 'Apply failed with 1 conflict: conflict with "kubectl" using apps/v1: .spec.replicas')
  assert.deepEqual(error.status.details?.causes, [
    { reason: 'FieldManagerConflict', message: 'conflict with "kubectl" using apps/v1', field: '.spec.replicas' },
  ])
})

test('several conflicts are listed by manager; force takes the fields', () => {
  const first = apply(undefined, deployment({ replicas: 1, ...containers({ name: 'a', image: 'x' }) }), 'zoe')
  const live = update(
    first,
    deployment({ replicas: 3, ...containers({ name: 'a', image: 'x', resources: {} }) }),
    'scaler',
    { subresource: 'scale' },
  )
  const wanted = deployment({ replicas: 2, ...containers({ name: 'a', image: 'y' }) })
  const error = conflictOf(() => apply(live, wanted, 'me'))
  assert.equal(
    error.message,
    'Apply failed with 2 conflicts: conflicts with "scaler" with subresource "scale" using apps/v1:\n- .spec.replicas\nconflicts with "zoe":\n- .spec.template.spec.containers[name="a"].image',
  )
  const forced = apply(live, wanted, 'me', { force: true })
  assert.equal(forced.spec?.replicas, 2)
  assert.deepEqual(Object.keys(owners(forced)).sort(), ['me', 'zoe'])
})

test('applying the same value is no conflict but shares it', () => {
  const live = update(undefined, deployment({ replicas: 1 }), 'kubectl')
  const shared = apply(live, deployment({ replicas: 1 }), 'me')
  assert.deepEqual(owners(shared).me, owners(shared).kubectl)
})

test('an apply that changes nothing is told, and moves no time', () => {
  const live = apply(undefined, deployment({ replicas: 1 }), 'me')
  const again = applyPatch(live, deployment({ replicas: 1 }), {
    ...write('me', { now: LATER }),
    kind: 'Deployment',
    force: false,
  })
  assert.equal(again.unchanged, true)
  assert.deepEqual(again.object.metadata.managedFields, live.metadata.managedFields)
})

test('an object that nobody tracked belongs to before-first-apply', () => {
  const live = kept(deployment({ replicas: 1, minReadySeconds: 5 }))
  const applied = apply(live, deployment({ replicas: 2 }), 'me', { force: true })
  assert.deepEqual(owners(applied), {
    me: { 'f:spec': { 'f:replicas': {} } },
    'before-first-apply': { 'f:spec': { 'f:minReadySeconds': {} } },
  })
  assert.match(
    conflictOf(() => apply(live, deployment({ replicas: 2 }), 'me')).message,
    /"before-first-apply" using apps\/v1: \.spec\.replicas/,
  )
})

test('kubectl takes over what it applied on the client’s side', () => {
  const before = deployment({ replicas: 1 })
  const annotated = deployment({ replicas: 1 }, { annotations: { [LAST_APPLIED]: JSON.stringify(before) } })
  const live = update(undefined, annotated, 'kubectl-client-side-apply')
  assert.equal(conflictOf(() => apply(live, deployment({ replicas: 2 }), 'other')).code, 409)
  const taken = apply(live, deployment({ replicas: 2 }), 'kubectl')
  assert.equal(taken.spec?.replicas, 2)
  assert.deepEqual(
    JSON.parse(taken.metadata.annotations?.[LAST_APPLIED] ?? ''),
    JSON.parse(JSON.stringify(deployment({ replicas: 2 }))),
  )
})

test('a configuration that is not of the kind, or that the schema does not know', () => {
  const cases: [object, number, string][] = [
    [{ ...deployment({}), kind: 'Pod' }, 400, 'invalid object type: apps/v1, Kind=Pod'],
    [{ ...deployment({}), apiVersion: 'v1' }, 400, 'invalid object type: /v1, Kind=Deployment'],
    [deployment({}, { managedFields: [] }), 400, 'metadata.managedFields must be nil'],
    [
      deployment({ foo: 1 }),
      500,
      'failed to create typed patch object (default/web; apps/v1, Kind=Deployment): .spec.foo: field not declared in schema',
    ],
    [
      deployment({ replicas: 'x' }),
      500,
      'failed to create typed patch object (default/web; apps/v1, Kind=Deployment): .spec.replicas: expected numeric (int or float), got string',
    ],
    [
      deployment({ ...containers({ name: 'a' }, { name: 'a' }) }),
      500,
      'failed to create typed patch object (default/web; apps/v1, Kind=Deployment): .spec.template.spec.containers: duplicate entries for key [name="a"]',
    ],
    [
      deployment({ strategy: 'x' }),
      500,
      'failed to create typed patch object (default/web; apps/v1, Kind=Deployment): .spec.strategy: expected map, got &{x}',
    ],
  ]
  for (const [applied, code, message] of cases) {
    const error = conflictOf(() => apply(undefined, applied as Deployment, 'me'))
    assert.equal(error.message, message)
    assert.equal(error.code, code)
  }
})

test('list keys have their defaults', () => {
  const ports = (...list: object[]): Deployment => deployment({ ...containers({ name: 'a', image: 'x', ports: list }) })
  const live = apply(undefined, ports({ containerPort: 80 }), 'me')
  const merged = apply(
    live,
    ports({ containerPort: 80, protocol: 'TCP', name: 'http' }, { containerPort: 80, protocol: 'UDP' }),
    'me',
  )
  assert.deepEqual(
    Object.keys(
      JSON.parse(JSON.stringify(owners(merged).me))['f:spec']['f:template']['f:spec']['f:containers']['k:{"name":"a"}'][
        'f:ports'
      ],
    ),
    ['k:{"containerPort":80,"protocol":"TCP"}', 'k:{"containerPort":80,"protocol":"UDP"}'],
  )
})

test('managedFields: an empty list or entry starts over, junk is not taken, untracked objects stay so', () => {
  const live = update(undefined, deployment({ replicas: 1 }), 'creator')
  const sent = (managedFields: unknown): Deployment => deployment({ replicas: 1 }, { uid: 'u', managedFields })
  assert.equal(recordUpdate(live, sent([]), write('me')), undefined)
  assert.equal(recordUpdate(live, sent([{}]), write('me')), undefined)
  assert.deepEqual(recordUpdate(live, sent([{ operation: 'Bogus' }]), write('me')), live.metadata.managedFields)
  assert.deepEqual(recordUpdate(live, sent(undefined), write('me')), live.metadata.managedFields)
  assert.equal(recordUpdate(kept(deployment({})), deployment({ replicas: 2 }), write('me')), undefined)
  const renamed = [{ ...live.metadata.managedFields?.[0], manager: 'renamed' }]
  assert.deepEqual(
    recordUpdate(live, sent(renamed), write('me'))?.map((e) => e.manager),
    ['renamed'],
  )
  assert.deepEqual(recordUpdate(live, sent([]), write('me', { subresource: 'status' })), live.metadata.managedFields)
})

test('no more than ten managers of updates', () => {
  let live: Deployment | undefined
  for (let i = 0; i < 13; i++) {
    const labels = Object.fromEntries(Array.from({ length: i + 1 }, (_, n) => [`l${n}`, '']))
    live = update(live, deployment({}, { labels }), `m${String(i).padStart(2, '0')}`, {
      now: `2026-01-01T00:00:${String(i).padStart(2, '0')}Z`,
    })
  }
  const managers = live?.metadata.managedFields?.map((e) => e.manager)
  assert.deepEqual(managers, ['ancient-changes', 'm04', 'm05', 'm06', 'm07', 'm08', 'm09', 'm10', 'm11', 'm12'])
})

test('managers of other versions are compared in theirs, and go with them', () => {
  const live = update(undefined, deployment({ replicas: 1 }), 'old', { apiVersion: 'apps/v1beta1' })
  const gone = recordUpdate(
    live,
    { ...live, spec: { replicas: 2 } } as KubeObject,
    write('me', { convert: () => undefined }),
  )
  assert.deepEqual(
    gone?.map((e) => e.manager),
    ['me'],
  )
  const asked: string[] = []
  const convert: ManagedWrite['convert'] = (object, apiVersion) => {
    asked.push(apiVersion)
    return { schema, object }
  }
  const both = recordUpdate(live, deployment({ replicas: 1, minReadySeconds: 5 }), write('me', { convert }))
  assert.deepEqual(both?.map((e) => e.manager).sort(), ['me', 'old'])
  assert.deepEqual(new Set(asked), new Set(['apps/v1beta1']))
})

test('what became atomic is owned as a whole', () => {
  const field = (name: string, type: FieldSchema['schema']): [string, FieldSchema] => [
    name,
    { name, schema: type, pointer: true },
  ]
  const labels = { kind: 'map', values: { kind: 'string' }, mapType: 'atomic' } as const
  const custom: StructSchema = {
    kind: 'struct',
    name: '',
    fields: new Map([field('spec', { kind: 'struct', name: '', fields: new Map([field('labels', labels)]) })]),
  }
  const object = { metadata: { uid: 'u' }, spec: { labels: { a: '1' } } } as KubeObject
  const managedFields: ManagedFieldsEntry[] = [
    {
      manager: 'x',
      operation: 'Update',
      apiVersion: 'g/v1',
      fieldsType: 'FieldsV1',
      fieldsV1: { 'f:spec': { 'f:labels': { 'f:a': {} } } },
    },
  ]
  const live = { ...object, metadata: { uid: 'u', managedFields } }
  const changed = {
    ...object,
    spec: { labels: { a: '1' }, size: 1 },
    metadata: { uid: 'u', annotations: { a: '' } },
  } as KubeObject
  const meta = field('metadata', {
    kind: 'struct',
    name: 'M',
    fields: new Map([field('annotations', { kind: 'map', values: { kind: 'string' } })]),
  })
  const result = recordUpdate(live, changed, {
    ...write('y'),
    schema: { ...custom, fields: new Map([...custom.fields, meta]) },
    apiVersion: 'g/v1',
  })
  assert.deepEqual(result?.find((e) => e.manager === 'x')?.fieldsV1, { 'f:spec': { 'f:labels': {} } })
})

test('duplicate items do no harm', () => {
  const twice = deployment({ ...containers({ name: 'a', image: 'x' }, { name: 'a', image: 'y' }) })
  const live = update(undefined, twice, 'me')
  assert.deepEqual(owners(live).me, {
    'f:spec': { 'f:template': { 'f:spec': { 'f:containers': { 'k:{"name":"a"}': {} } } } },
  })
  const fixed = update(live, deployment({ ...containers({ name: 'a', image: 'x', resources: {} }) }), 'fixer')
  assert.deepEqual(Object.keys(owners(fixed)), ['fixer'])
})

test('times are kept when nothing else differs', () => {
  const live = update(undefined, deployment({ replicas: 1 }), 'me').metadata.managedFields ?? []
  const later = live.map((e) => ({ ...e, time: LATER }))
  assert.equal(keepTimes(live, later), live)
  const other = later.map((e) => ({ ...e, manager: 'you' }))
  assert.equal(keepTimes(live, other), other)
})
