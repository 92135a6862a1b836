import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Deployment } from '../../api/generated/types/apps/v1.ts'
import type { Pod } from '../../api/generated/types/core/v1.ts'
import type { KubeObject } from '../../apimachinery/meta.ts'
import { systemClock } from '../../lib/clock.ts'
import { MemoryStore } from '../../store/memory/store.ts'
import { GuardedServer } from '../guarded-server.suite.ts'

type Spec = Record<string, unknown>
interface Case {
  readonly name: string
  /** What was let in once, and is not any more. */
  readonly spoil: Spec
  readonly refused: RegExp
}

const term = {
  topologyKey: 'z',
  labelSelector: { matchExpressions: [{ key: 'a', operator: 'In', values: ['-bad-'] }] },
}
const spread = { maxSkew: 1, topologyKey: 'z', whenUnsatisfiable: 'DoNotSchedule' }
const token = { defaultMode: 420, sources: [{ serviceAccountToken: { path: '../t', expirationSeconds: 3600 } }] }
const nodes = { matchExpressions: [{ key: 'a', operator: 'In', values: ['-bad-'] }] }

const CASES: readonly Case[] = [
  {
    name: 'values of affinity',
    spoil: { affinity: { podAffinity: { requiredDuringSchedulingIgnoredDuringExecution: [term] } } },
    refused: /labelSelector.matchExpressions\[0\].values\[0\]: Invalid value: "-bad-"/,
  },
  {
    name: 'values of node affinity',
    spoil: {
      affinity: { nodeAffinity: { requiredDuringSchedulingIgnoredDuringExecution: { nodeSelectorTerms: [nodes] } } },
    },
    refused: /Invalid value: "-bad-"/,
  },
  {
    name: 'selectors of spread pods',
    spoil: { topologySpreadConstraints: [{ ...spread, labelSelector: term.labelSelector }] },
    refused: /labelSelector.matchExpressions\[0\].values\[0\]: Invalid value: "-bad-"/,
  },
  {
    name: 'keys of spread pods',
    spoil: { topologySpreadConstraints: [{ ...spread, matchLabelKeys: ['a'] }] },
    refused: /matchLabelKeys: Forbidden: must not be specified when labelSelector is not set/,
  },
  {
    name: 'token paths',
    spoil: { volumes: [{ name: 'v', projected: token }] },
    refused: /path: Invalid value: "..\/t": must not contain '..'/,
  },
  {
    name: "sysctls of the host's namespaces",
    spoil: { hostNetwork: true, securityContext: { sysctls: [{ name: 'net.ipv4.tcp_syncookies', value: '1' }] } },
    refused: /may not be specified when 'hostNetwork' is true/,
  },
  {
    name: 'huge pages in part',
    spoil: {
      containers: [
        {
          name: 'c',
          image: 'i',
          imagePullPolicy: 'Always',
          terminationMessagePath: '/dev/termination-log',
          terminationMessagePolicy: 'File',
          resources: { requests: { 'hugepages-2Mi': '1Mi', cpu: '1' }, limits: { 'hugepages-2Mi': '1Mi' } },
        },
      ],
    },
    refused: /1Mi is not positive integer multiple of hugepages-2Mi/,
  },
]

/** Changes what is stored behind the server's back. */
async function spoil(store: MemoryStore, key: string, change: (object: KubeObject) => void): Promise<void> {
  const entry = store.get(key)
  assert.ok(entry)
  const object = JSON.parse(new TextDecoder().decode(entry.value)) as KubeObject
  change(object)
  const value = new TextEncoder().encode(JSON.stringify(object))
  await store.write({ key, value, expect: entry.modRevision })
}

const PODS = '/api/v1/namespaces/default/pods'
const DEPLOYMENTS = '/apis/apps/v1/namespaces/default/deployments'
const labels = (object: KubeObject): object => ({
  ...object,
  metadata: { ...object.metadata, labels: { a: 'b', c: 'd' } },
})

async function withStore(): Promise<{ store: MemoryStore; server: GuardedServer }> {
  const store = new MemoryStore({ clock: systemClock })
  const server = await GuardedServer.start({ store })
  await server.create('/api/v1/namespaces/default/serviceaccounts', { metadata: { name: 'default' } })
  return { store, server }
}

for (const { name, spoil: spec, refused } of CASES) {
  test(`what was let in once may stay, and nothing like it comes in: ${name}`, async () => {
    const { store, server } = await withStore()
    const good = { automountServiceAccountToken: false, containers: [{ name: 'c', image: 'i' }] }
    await server.create(PODS, { metadata: { name: 'p' }, spec: good })
    await spoil(store, '/registry/pods/default/p', (pod) => Object.assign((pod as unknown as Pod).spec, spec))
    const pod = await server.get<Pod>(`${PODS}/p`)
    await server.expect(200, 'PUT', `${PODS}/p`, labels(pod as KubeObject))
    assert.match(
      await server.refused(422, 'POST', PODS, { metadata: { name: 'q' }, spec: { ...good, ...spec } }),
      refused,
    )

    const template = { metadata: { labels: { a: 'b' } }, spec: good }
    const made = await server.create<Deployment>(DEPLOYMENTS, {
      metadata: { name: 'd' },
      spec: { selector: { matchLabels: { a: 'b' } }, template },
    })
    const spoilt = {
      ...made,
      spec: { ...made.spec, template: { ...template, spec: { ...made.spec.template.spec, ...spec } } },
    }
    assert.match(await server.refused(422, 'PUT', `${DEPLOYMENTS}/d`, spoilt), refused)
    await spoil(store, '/registry/deployments/default/d', (object) =>
      Object.assign((object as unknown as Deployment).spec.template.spec, spec),
    )
    const stored = await server.get<Deployment>(`${DEPLOYMENTS}/d`)
    await server.expect(200, 'PUT', `${DEPLOYMENTS}/d`, labels(stored as KubeObject))
  })
}

test('a budget keeps its selector', async () => {
  const { store, server } = await withStore()
  const path = '/apis/policy/v1/namespaces/default/poddisruptionbudgets'
  const budget = await server.create<KubeObject>(path, {
    metadata: { name: 'b' },
    spec: { minAvailable: 1, selector: { matchLabels: { a: 'b' } } },
  })
  const bad = { minAvailable: 1, selector: term.labelSelector }
  await server.expect(422, 'PUT', `${path}/b`, { ...budget, spec: bad })
  await spoil(store, '/registry/poddisruptionbudgets/default/b', (object) => Object.assign(object, { spec: bad }))
  await server.expect(200, 'PUT', `${path}/b`, labels(await server.get<KubeObject>(`${path}/b`)))
})
