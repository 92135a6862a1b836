import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import type { ClusterRole, PolicyRule, RoleBinding, Subject } from '../../api/generated/types/rbac/v1.ts'
import type { KubeList, KubeObject } from '../../apimachinery/meta.ts'
import { GuardedServer } from '../guarded-server.suite.ts'

/** What a kube-apiserver v1.36.0 makes at its first start, rules and subjects in a short form, by collection and name. */
const UPSTREAM: Readonly<Record<string, Readonly<Record<string, unknown>>>> = JSON.parse(
  readFileSync(new URL('testdata/v1.36.0.json', import.meta.url), 'utf8'),
)

/** What the cluster has beyond upstream's: the roles of its own DNS server, proxy and provisioner. */
const OWN = ['system:coredns', 'system:skiff-host-ports', 'system:skiff-local-volumes', 'kube-system/system:skiff-dns']

const RBAC = '/apis/rbac.authorization.k8s.io/v1'
const FLOW_CONTROL = '/apis/flowcontrol.apiserver.k8s.io/v1'

const COLLECTIONS: Readonly<Record<string, readonly [string, (object: KubeObject) => unknown]>> = {
  clusterroles: [RBAC, roleText],
  roles: [RBAC, roleText],
  clusterrolebindings: [RBAC, bindingText],
  rolebindings: [RBAC, bindingText],
  flowschemas: [FLOW_CONTROL, withoutStatus],
  prioritylevelconfigurations: [FLOW_CONTROL, withoutStatus],
  priorityclasses: ['/apis/scheduling.k8s.io/v1', withoutStatus],
  namespaces: ['/api/v1', withoutStatus],
  servicecidrs: ['/apis/networking.k8s.io/v1', withoutStatus],
  apiservices: ['/apis/apiregistration.k8s.io/v1', withoutStatus],
}

test('a new cluster has what upstream gives it, rule by rule', async (t) => {
  const server = await GuardedServer.start()
  assert.deepEqual(Object.keys(UPSTREAM).sort(), Object.keys(COLLECTIONS).sort())
  for (const [plural, [group, textOf]] of Object.entries(COLLECTIONS)) {
    await t.test(plural, async () => {
      const { items } = await server.get<KubeList<KubeObject>>(`${group}/${plural}`)
      const found = Object.fromEntries(items.map((object) => [keyOf(object), textOf(object)]))
      for (const name of OWN) delete found[name]
      assert.deepEqual(found, UPSTREAM[plural])
    })
  }
})

function keyOf({ metadata }: KubeObject): string {
  return metadata.namespace === undefined ? (metadata.name ?? '') : `${metadata.namespace}/${metadata.name}`
}

/** Labels beside the one that every bootstrapped role has. */
function ownLabels({ labels, annotations }: KubeObject['metadata']): { labels?: Readonly<Record<string, string>> } {
  assert.deepEqual(annotations, { 'rbac.authorization.kubernetes.io/autoupdate': 'true' })
  const { 'kubernetes.io/bootstrapping': bootstrapping, ...rest } = labels ?? {}
  assert.equal(bootstrapping, 'rbac-defaults')
  return Object.keys(rest).length > 0 ? { labels: rest } : {}
}

function roleText(object: KubeObject): unknown {
  const { metadata, rules = [], aggregationRule } = object as ClusterRole
  return {
    ...ownLabels(metadata as KubeObject['metadata']),
    ...(aggregationRule && { aggregationRule }),
    rules: rules?.map(ruleText),
  }
}

function ruleText({ verbs, nonResourceURLs, apiGroups, resources, resourceNames }: PolicyRule): string {
  if (nonResourceURLs) return [verbs.join(), ...nonResourceURLs].join(' ')
  const groups = (apiGroups ?? []).map((group) => group || 'core')
  return [verbs, groups, resources ?? [], ...(resourceNames ? [resourceNames] : [])]
    .map((list) => list.join())
    .join(' ')
}

function bindingText(object: KubeObject): unknown {
  const { metadata, roleRef, subjects } = object as RoleBinding
  return {
    ...ownLabels(metadata as KubeObject['metadata']),
    role: `${roleRef.kind}/${roleRef.name}`,
    subjects: (subjects ?? []).map(subjectText),
  }
}

function subjectText({ kind, namespace, name }: Subject): string {
  return kind === 'ServiceAccount' ? `account:${namespace}/${name}` : `${kind.toLowerCase()}:${name}`
}

function withoutStatus(object: KubeObject): unknown {
  const {
    metadata,
    status: _status,
    kind: _kind,
    apiVersion: _version,
    ...rest
  } = object as KubeObject & { status?: unknown }
  const { labels, annotations, finalizers } = metadata
  return { ...rest, ...(labels && { labels }), ...(annotations && { annotations }), ...(finalizers && { finalizers }) }
}
