import type { Chance } from '../../fuzz/chance.ts'
import { type Case, given, patch, post, type Step } from '../case.ts'
import { deployment, deployments, pod, pods } from '../things.ts'
import { mutate, textOf } from './mutate.ts'
import { anyAccept, anyQuery } from './wishes.ts'

const accounts = '/api/v1/namespaces/$ns/serviceaccounts'
const replicaSet = {
  ...deployment('a'),
  kind: 'ReplicaSet',
  spec: { ...(deployment('a') as { spec: object }).spec, replicas: 1 },
}
const scale = {
  apiVersion: 'autoscaling/v1',
  kind: 'Scale',
  metadata: { name: 'a', namespace: '$ns' },
  spec: { replicas: 3 },
}
const running = {
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name: 'a' },
  status: {
    phase: 'Running',
    conditions: [{ type: 'Ready', status: 'True', lastTransitionTime: null }],
    podIPs: [{ ip: '10.0.0.1' }],
    podIP: '10.0.0.1',
    startTime: '2026-01-01T00:00:00Z',
    containerStatuses: [
      {
        name: 'c',
        image: 'busybox:1',
        imageID: 'x',
        ready: true,
        restartCount: 0,
        started: true,
        state: { running: { startedAt: '2026-01-01T00:00:00Z' } },
      },
    ],
  },
}
const resized = {
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name: 'a' },
  spec: {
    containers: [{ name: 'c', image: 'busybox:1', resources: { requests: { cpu: '1' }, limits: { cpu: '2' } } }],
  },
}
const debugged = {
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name: 'a' },
  spec: {
    containers: [{ name: 'c', image: 'busybox:1' }],
    ephemeralContainers: [{ name: 'd', image: 'busybox:1', targetContainerName: 'c', stdin: true }],
  },
}
const deploymentStatus = {
  ...deployment('a'),
  status: {
    replicas: 2,
    observedGeneration: 1,
    conditions: [{ type: 'Available', status: 'True', reason: 'r', message: 'm' }],
  },
}
const csr = {
  apiVersion: 'certificates.k8s.io/v1',
  kind: 'CertificateSigningRequest',
  metadata: { name: '$id' },
  status: { conditions: [{ type: 'Approved', status: 'True', reason: 'r', message: 'm' }] },
}
const namespace = {
  apiVersion: 'v1',
  kind: 'Namespace',
  metadata: { name: '$ns' },
  spec: { finalizers: ['kubernetes', 'a.b/c'] },
}
const review = {
  kind: 'SubjectAccessReview',
  apiVersion: 'authorization.k8s.io/v1',
  spec: {
    user: 'alice',
    groups: ['dev'],
    extra: { a: ['b'] },
    resourceAttributes: {
      namespace: '$ns',
      verb: 'get',
      group: '',
      resource: 'pods',
      name: 'x',
      fieldSelector: { requirements: [{ key: 'spec.nodeName', operator: 'In', values: ['a'] }] },
      labelSelector: { rawSelector: 'a=b' },
    },
  },
}

/** Where what is sent, more or less. */
const TARGETS: readonly (readonly [path: string, methods: readonly string[], body: object])[] = [
  [
    `${pods}/a/binding`,
    ['POST'],
    {
      apiVersion: 'v1',
      kind: 'Binding',
      metadata: { name: 'a', uid: '' },
      target: { apiVersion: 'v1', kind: 'Node', name: 'n' },
    },
  ],
  [
    '/api/v1/namespaces/$ns/bindings',
    ['POST'],
    {
      apiVersion: 'v1',
      kind: 'Binding',
      metadata: { name: 'a', annotations: { x: 'y' } },
      target: { kind: 'Node', name: 'n' },
    },
  ],
  [
    `${pods}/a/eviction`,
    ['POST'],
    {
      apiVersion: 'policy/v1',
      kind: 'Eviction',
      metadata: { name: 'a' },
      deleteOptions: { gracePeriodSeconds: 1, dryRun: ['All'], preconditions: { resourceVersion: '1' } },
    },
  ],
  [`${pods}/a/ephemeralcontainers`, ['PUT', 'PATCH', 'GET'], debugged],
  [`${pods}/a/resize`, ['PUT', 'PATCH', 'GET'], resized],
  [`${pods}/a/status`, ['PUT', 'PATCH', 'GET'], running],
  [`${deployments}/a/scale`, ['PUT', 'PATCH', 'GET'], scale],
  [`${deployments}/a/status`, ['PUT', 'PATCH', 'GET'], deploymentStatus],
  ['/apis/apps/v1/namespaces/$ns/replicasets/a/scale', ['PUT', 'PATCH', 'GET'], scale],
  [
    `${accounts}/default/token`,
    ['POST'],
    {
      apiVersion: 'authentication.k8s.io/v1',
      kind: 'TokenRequest',
      spec: {
        audiences: ['a'],
        expirationSeconds: 600,
        boundObjectRef: { kind: 'Pod', apiVersion: 'v1', name: 'a', uid: '{{pod.metadata.uid}}' },
      },
    },
  ],
  ['/apis/certificates.k8s.io/v1/certificatesigningrequests/$id/approval', ['PUT', 'PATCH', 'GET'], csr],
  ['/api/v1/namespaces/$ns/finalize', ['PUT'], namespace],
  ['/api/v1/namespaces/$ns/status', ['PUT', 'PATCH', 'GET'], { ...namespace, status: { phase: 'Active' } }],
  ['/apis/authorization.k8s.io/v1/subjectaccessreviews', ['POST'], review],
  [
    '/apis/authorization.k8s.io/v1/selfsubjectaccessreviews',
    ['POST'],
    { ...review, kind: 'SelfSubjectAccessReview', spec: { resourceAttributes: review.spec.resourceAttributes } },
  ],
  [
    '/apis/authorization.k8s.io/v1/namespaces/$ns/localsubjectaccessreviews',
    ['POST'],
    { ...review, kind: 'LocalSubjectAccessReview' },
  ],
  [
    '/apis/authorization.k8s.io/v1/selfsubjectrulesreviews',
    ['POST'],
    { kind: 'SelfSubjectRulesReview', apiVersion: 'authorization.k8s.io/v1', spec: { namespace: '$ns' } },
  ],
  [
    '/apis/authentication.k8s.io/v1/tokenreviews',
    ['POST'],
    { kind: 'TokenReview', apiVersion: 'authentication.k8s.io/v1', spec: { token: 'alicetoken' } },
  ],
  [
    '/apis/authentication.k8s.io/v1/selfsubjectreviews',
    ['POST'],
    { kind: 'SelfSubjectReview', apiVersion: 'authentication.k8s.io/v1' },
  ],
]

function anyStep(chance: Chance): Step {
  const [path, methods, body] = chance.pick(TARGETS)
  const method = chance.is(0.93) ? chance.pick(methods) : chance.pick(['GET', 'POST', 'PUT', 'PATCH', 'DELETE'])
  const query = anyQuery(chance, 1, ['dryRun', 'fieldManager', 'fieldValidation', 'pretty', 'force'])
  const more = { ...(chance.is(0.07) && { headers: { accept: anyAccept(chance) } }), view: withoutTokens }
  const sent = textOf(chance.is(0.6) ? mutate(body, chance) : body)
  if (method === 'GET') return { method, path: path + query, ...more }
  if (method !== 'PATCH') return { method, path: path + query, body: sent, ...more }
  const type = chance.pick(['merge', 'strategic', 'apply'] as const)
  return patch(
    type,
    path + (type === 'apply' ? `?fieldManager=m${chance.is(0.5) ? '&force=true' : ''}` : query),
    sent,
    more,
  )
}

/** Tokens are of chance; that there is one is not. */
const withoutTokens = (body: unknown): unknown =>
  typeof body === 'object' && body !== null
    ? (JSON.parse(
        JSON.stringify(body)
          .replaceAll(/eyJ[\w-]+\.[\w-]+\.[\w-]+/g, '<token>')
          .replaceAll(/"expirationTimestamp":"[^"]*"/g, '"expirationTimestamp":"<time>"'),
      ) as unknown)
    : body

/** Requests to subresources and reviews. */
export const subresources = (chance: Chance): Case => ({
  name: 'subresources',
  steps: [
    given(post(pods, pod('a'), { save: 'pod' })),
    given(post(deployments, deployment('a'))),
    given(post('/apis/apps/v1/namespaces/$ns/replicasets', replicaSet)),
    ...chance.times(8, () => anyStep(chance)),
  ],
})
