import { namespaces } from '../../../api/core/v1/namespace.ts'
import { pods } from '../../../api/core/v1/pod.ts'
import type { Container, Namespace, Pod, PodTemplateSpec } from '../../../api/generated/types/core/v1.ts'
import type { Frozen, KubeObject } from '../../../apimachinery/meta.ts'
import { invalidObject } from '../../../apimachinery/status.ts'
import { semanticEqual } from '../../../apimachinery/equality.ts'
import type { Store } from '../../../store/store.ts'
import type { Mirror } from '../../mirror/mirror.ts'
import { admissionForbidden, resourceName } from '../forbidden.ts'
import type { AdmissionSources } from '../sources.ts'
import type { AdmissionAttributes, AdmissionPlugin } from '../types.ts'
import { containersOf, type PodLike } from './check.ts'
import { type LevelVersion, type Policy, policyOf, policyText, rank, violations, violationsText } from './policy.ts'

/** Where a controller keeps the template of its pods. */
const TEMPLATES: Readonly<Record<string, (object: never) => Frozen<PodTemplateSpec> | undefined>> = {
  podtemplates: ({ template }: { template?: PodTemplateSpec }) => template,
  replicationcontrollers: ofSpec,
  'replicasets.apps': ofSpec,
  'deployments.apps': ofSpec,
  'statefulsets.apps': ofSpec,
  'daemonsets.apps': ofSpec,
  'jobs.batch': ofSpec,
  'cronjobs.batch': ({ spec }: { spec?: { jobTemplate?: { spec?: { template?: PodTemplateSpec } } } }) =>
    spec?.jobTemplate?.spec?.template,
}

function ofSpec({ spec }: { spec?: { template?: PodTemplateSpec } }): PodTemplateSpec | undefined {
  return spec?.template
}

/** Subresources of pods that cannot change what the pod may do. */
const HARMLESS: ReadonlySet<string> = new Set([
  'exec',
  'attach',
  'binding',
  'eviction',
  'log',
  'portforward',
  'proxy',
  'status',
])

/** Holds pods to the Pod Security Standard that their namespace's labels name (upstream's PodSecurity, with its default configuration). */
export function podSecurity({ mirrors, store }: AdmissionSources): AdmissionPlugin {
  const mirror = mirrors.of(namespaces)
  return {
    name: 'PodSecurity',
    handles: (operation) => operation === 'CREATE' || operation === 'UPDATE',
    async validate(attributes) {
      const resource = resourceName(attributes)
      if (resource === 'namespaces') return checkNamespace(attributes, store)
      if (resource === 'pods') return checkPod(attributes, mirror)
      if (Object.hasOwn(TEMPLATES, resource) && attributes.subresource === '')
        return checkTemplate(attributes, mirror, TEMPLATES[resource])
    },
  }
}

async function policyFor(mirror: Mirror<Namespace>, namespace: string): Promise<Policy> {
  const found = mirror.get(namespace) ?? (await mirror.live(namespace))
  return policyOf(found?.metadata.labels).policy
}

async function checkPod(attributes: AdmissionAttributes, mirror: Mirror<Namespace>): Promise<void> {
  if (HARMLESS.has(attributes.subresource)) return
  const { enforce, warn } = await policyFor(mirror, attributes.namespace)
  if (rank(enforce) + rank(warn) === 0) return
  const pod = attributes.object as Pod
  if (attributes.operation === 'UPDATE' && !isSignificant(pod, attributes.oldObject as Frozen<Pod>)) return
  const found = violations(enforce, pod)
  if (found.length > 0) {
    const why = `violates PodSecurity ${JSON.stringify(policyText(enforce))}: ${violationsText(found)}`
    throw admissionForbidden(attributes, why)
  }
  warnOf(attributes, warn, pod)
}

/** Of what can change on a pod, images and new containers alone matter. */
function isSignificant(pod: Frozen<Pod>, old: Frozen<Pod>): boolean {
  const images = (one: Frozen<Pod>): unknown =>
    containersOf(one).map(({ name, image }: Frozen<Container>) => ({ name, image }))
  return !semanticEqual(images(pod), images(old))
}

function warnOf(attributes: AdmissionAttributes, warn: LevelVersion, pod: PodLike): void {
  const found = violations(warn, pod)
  if (found.length > 0)
    attributes.warn(`would violate PodSecurity ${JSON.stringify(policyText(warn))}: ${violationsText(found)}`)
}

/** What makes pods is never refused for them: its pods will be. */
async function checkTemplate(
  attributes: AdmissionAttributes,
  mirror: Mirror<Namespace>,
  templateOf: ((object: never) => Frozen<PodTemplateSpec> | undefined) | undefined,
): Promise<void> {
  const { warn } = await policyFor(mirror, attributes.namespace)
  if (rank(warn) === 0) return
  const template = templateOf?.(attributes.object as never)
  if (template?.spec) warnOf(attributes, warn, { metadata: template.metadata ?? {}, spec: template.spec })
}

/** Labels must be right, and who tightens a namespace is told which of its pods are against the new level. */
async function checkNamespace(attributes: AdmissionAttributes, store: Store): Promise<void> {
  const { object, oldObject, subresource, name } = attributes
  if (subresource !== '' || !object) return
  const now = policyOf(object.metadata.labels)
  const before = oldObject && policyOf(oldObject.metadata.labels)
  if (now.errors.length > 0 && !semanticEqual(now.errors, before?.errors ?? [])) {
    throw invalidObject({ group: '', kind: 'Namespace' }, name, now.errors)
  }
  if (!before) return
  const { enforce } = now.policy
  const old = before.policy.enforce
  if (rank(enforce) === 0 || (enforce.minor === old.minor && rank(enforce) <= rank(old))) return
  for (const text of await existing(store, name, enforce)) attributes.warn(text)
}

const MOST_PODS = 3000

/** What the namespace's pods do against the level: those of one kind of violation in one text. */
async function existing(store: Store, namespace: string, level: LevelVersion): Promise<string[]> {
  const { entries, more } = await store.range(`${pods.storagePrefix}/${namespace}/`, { limit: MOST_PODS })
  const byReason = new Map<string, string[]>()
  for (const { value } of entries) {
    const pod = JSON.parse(new TextDecoder().decode(value)) as Pod & KubeObject
    const reason = violations(level, pod)
      .map((found) => found.reason)
      .join(', ')
    if (reason) byReason.set(reason, [...(byReason.get(reason) ?? []), pod.metadata.name ?? ''])
  }
  const texts = [...byReason].map(([reason, [first = '', ...others]]) => {
    const rest = others.length > 0 ? ` (and ${others.length} other ${others.length === 1 ? 'pod' : 'pods'})` : ''
    return `${first}${rest}: ${reason}`
  })
  const told = JSON.stringify(policyText(level))
  return [
    ...(more ? [await partly(store, namespace)] : []),
    ...(texts.length > 0
      ? [`existing pods in namespace "${namespace}" violate the new PodSecurity enforce level ${told}`]
      : []),
    ...texts.sort((a, b) => (a < b ? -1 : 1)),
  ]
}

async function partly(store: Store, namespace: string): Promise<string> {
  const all = await store.count(`${pods.storagePrefix}/${namespace}/`)
  return `new PodSecurity enforce level only checked against the first ${MOST_PODS} of ${all} existing pods`
}
