import type { Pod } from '../../../api/generated/types/core/v1.ts'
import type { Eviction, PodDisruptionBudget } from '../../../api/generated/types/policy/v1.ts'
import { schemaFor } from '../../../api/schema-for.ts'
import { matches } from '../../../apimachinery/labels/label-selector.ts'
import { type Frozen, type KubeObject, timestamp } from '../../../apimachinery/meta.ts'
import { badRequest, conflict, failure, forbidden, hasReason, StatusError } from '../../../apimachinery/status.ts'
import type { Call } from '../../request/call.ts'
import { admissionAttributes } from '../admit.ts'
import type { Answer } from '../answer.ts'
import { type BodyKind, readKind } from '../body.ts'
import { deleteNamed } from '../delete.ts'
import { checkDeleteOptions, type DeleteOptions } from '../delete-options.ts'
import { guaranteedUpdate } from '../guaranteed-update.ts'
import { matchNamespace } from '../metadata.ts'
import { readWriteOptions, type WriteOptions } from '../options.ts'
import { collectionPrefix, type Registry, type ServedResource, storageKey } from '../served.ts'
import { success, type Subresource } from './subresource.ts'

const EVICTION: BodyKind = {
  group: 'policy',
  version: 'v1',
  kind: 'Eviction',
  formerly: ['v1beta1'],
  get schema() {
    return schemaFor('io.k8s.api.policy.v1.Eviction')
  },
}

/** Confirmed evictions that the disruption controller has not seen yet; more are refused. */
const MOST_DISRUPTED = 2000
/** Tries again when the pod changed while its budget was looked at. */
const ATTEMPTS = 20

/** pods/eviction: deletes a pod unless its disruption budget forbids it. */
export const evictionSubresource: Subresource = {
  verbs: ['create'],
  async answer(registry, resource, call) {
    const options = readWriteOptions(call, 'CreateOptions')
    const eviction = await readKind<Eviction & KubeObject>(registry, call, EVICTION, options.fieldValidation)
    matchNamespace(resource.definition, eviction, call.info.namespace)
    if (eviction.metadata.name !== call.info.name)
      throw badRequest('name in URL does not match name in Eviction object')
    if (!registry.admission.idle('CREATE')) {
      const attributes = admissionAttributes(resource, call, 'CREATE', { object: eviction, options, kind: EVICTION })
      await registry.admission.mutate(attributes)
      await registry.admission.validate(attributes)
    }
    return evict(registry, resource, call, deleteOptionsOf(eviction, options))
  },
}

function deleteOptionsOf({ deleteOptions }: Eviction, { dryRun, raw }: WriteOptions): DeleteOptions {
  const given = checkDeleteOptions({ ...deleteOptions } as Record<string, unknown>)
  if (given.dryRun || !dryRun) return given
  return { ...given, dryRun, raw: { ...given.raw, ...raw } }
}

async function evict(registry: Registry, pods: ServedResource, call: Call, options: DeleteOptions): Promise<Answer> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await tryEvict(registry, pods, call, options)
    } catch (error) {
      const asked = options.preconditions?.resourceVersion !== undefined
      if (asked || attempt === ATTEMPTS || !hasReason(error, 'Conflict')) throw error
    }
  }
}

async function tryEvict(registry: Registry, pods: ServedResource, call: Call, options: DeleteOptions): Promise<Answer> {
  const { namespace, name } = call.info
  const entry = await registry.store.get(storageKey(pods.definition, namespace, name))
  const pod = entry && (pods.codec.decodeEntry(entry) as Frozen<Pod>)
  const guard = pod && (await budgetOf(registry, call, pod, options.dryRun))
  const pinned =
    guard === 'pinned' && pod
      ? { ...options, preconditions: { resourceVersion: pod.metadata.resourceVersion ?? '', ...options.preconditions } }
      : options
  const marked = pod && !options.dryRun ? await markDisrupted(registry, pods, call, pinned) : undefined
  const preconditions =
    marked && pinned.preconditions?.resourceVersion !== undefined
      ? { ...pinned.preconditions, resourceVersion: String(marked) }
      : pinned.preconditions
  await deleteNamed(registry, pods, call, { ...pinned, preconditions }, { namespace, name })
  return success(201)
}

/** Whether the deletion must find the very pod that was looked at. Throws 429 when the budget has nothing left. */
async function budgetOf(registry: Registry, call: Call, pod: Frozen<Pod>, dryRun: boolean): Promise<'free' | 'pinned'> {
  if (pod.metadata.deletionTimestamp || pod.status?.phase === 'Succeeded' || pod.status?.phase === 'Failed')
    return 'free'
  if (pod.status?.phase === 'Pending') return 'pinned'
  const [budget, second] = await budgetsFor(registry, pod)
  if (!budget) return 'free'
  if (second) throw tooManyBudgets()
  if (!isReady(pod) && mayGoUnready(budget)) return 'pinned'
  await take(registry, call, budget, pod, dryRun)
  return 'free'
}

function isReady(pod: Frozen<Pod>): boolean {
  return pod.status?.conditions?.some(({ type, status }) => type === 'Ready' && status === 'True') ?? false
}

function mayGoUnready({ spec, status }: Frozen<PodDisruptionBudget>): boolean {
  if (spec?.unhealthyPodEvictionPolicy === 'AlwaysAllow') return true
  const { currentHealthy = 0, desiredHealthy = 0 } = status ?? {}
  return currentHealthy >= desiredHealthy && desiredHealthy > 0
}

function budgets(registry: Registry): ServedResource | undefined {
  return registry.resources.find('policy', 'v1', 'poddisruptionbudgets')
}

async function budgetsFor(registry: Registry, pod: Frozen<Pod>): Promise<Frozen<PodDisruptionBudget>[]> {
  const resource = budgets(registry)
  if (!resource) return []
  const { entries } = await registry.store.range(collectionPrefix(resource.definition, pod.metadata.namespace ?? ''))
  return entries
    .map((entry) => resource.codec.decodeEntry(entry) as Frozen<PodDisruptionBudget>)
    .filter(({ spec }) => matches(spec?.selector, pod.metadata.labels))
}

/** Takes one disruption from the budget and notes the pod in it, or throws. */
async function take(
  registry: Registry,
  call: Call,
  budget: Frozen<PodDisruptionBudget>,
  pod: Frozen<Pod>,
  dryRun: boolean,
): Promise<void> {
  const resource = budgets(registry)
  if (!resource) return
  const target = { namespace: call.info.namespace, name: budget.metadata.name ?? '', dryRun }
  const now = timestamp(registry.env.clock.now())
  await guaranteedUpdate(registry, resource, target, (draft) => {
    const { metadata, status } = draft as PodDisruptionBudget & KubeObject
    const name = metadata.name ?? ''
    if (!status || (status.observedGeneration ?? 0) < (metadata.generation ?? 0)) throw notYet(name)
    checkAllowed(name, status)
    status.disruptionsAllowed = (status.disruptionsAllowed ?? 0) - 1
    if (status.disruptionsAllowed === 0) denyFurther(status, metadata.generation, now)
    status.disruptedPods = { ...status.disruptedPods, [pod.metadata.name ?? '']: now }
  })
}

type BudgetStatus = NonNullable<PodDisruptionBudget['status']>

function checkAllowed(name: string, status: BudgetStatus): void {
  const resource = { group: 'policy', resource: 'poddisruptionbudget' }
  const { disruptionsAllowed = 0 } = status
  if (disruptionsAllowed < 0) throw forbidden(resource, name, 'pdb disruptions allowed is negative')
  if (Object.keys(status.disruptedPods ?? {}).length > MOST_DISRUPTED) {
    throw forbidden(resource, name, 'DisruptedPods map too big - too many evictions not confirmed by PDB controller')
  }
  if (disruptionsAllowed === 0) throw violates(whyNot(name, status), 0)
}

function whyNot(name: string, status: BudgetStatus): string {
  const base = `The disruption budget ${name}`
  const condition = status.conditions?.find(({ type }) => type === 'DisruptionAllowed')
  const denied = condition?.status === 'False' && condition.message ? condition : undefined
  if (denied?.reason === 'SyncFailed') {
    return `${base} does not allow evicting pods currently because it failed sync: ${denied.message}`
  }
  const { currentHealthy = 0, desiredHealthy = 0 } = status
  if (currentHealthy <= desiredHealthy) {
    return `${base} needs ${desiredHealthy} healthy pods and has ${currentHealthy} currently`
  }
  if (denied) return `${base} does not allow evicting pods currently (${denied.reason}): ${denied.message}`
  return `${base} does not allow evicting pods currently`
}

function denyFurther(status: BudgetStatus, generation: number | undefined, now: string): void {
  const others = (status.conditions ?? []).filter(({ type }) => type !== 'DisruptionAllowed')
  const denied = {
    type: 'DisruptionAllowed',
    status: 'False',
    reason: 'InsufficientPods',
    message: '',
    lastTransitionTime: now,
    ...(generation !== undefined && { observedGeneration: generation }),
  } as const
  status.conditions = [...others, denied]
}

const notYet = (name: string): StatusError =>
  violates(`The disruption budget ${name} is still being processed by the server.`, 10)

function violates(message: string, retryAfterSeconds: number): StatusError {
  return failure('TooManyRequests', "Cannot evict pod as it would violate the pod's disruption budget.", {
    causes: [{ reason: 'DisruptionBudget', message }],
    ...(retryAfterSeconds > 0 && { retryAfterSeconds }),
  })
}

function tooManyBudgets(): StatusError {
  return new StatusError({
    kind: 'Status',
    apiVersion: 'v1',
    metadata: {},
    status: 'Failure',
    message: 'This pod has more than one PodDisruptionBudget, which the eviction subresource does not support.',
    code: 500,
  })
}

/** Says in the pod's status why it goes; returns the revision of that. */
async function markDisrupted(
  registry: Registry,
  pods: ServedResource,
  call: Call,
  { preconditions }: DeleteOptions,
): Promise<number> {
  const { namespace, name } = call.info
  const now = timestamp(registry.env.clock.now())
  const marked = await guaranteedUpdate(registry, pods, { namespace, name, dryRun: false }, (draft) => {
    checkPod(draft, preconditions)
    const status = ((draft as Pod & KubeObject).status ??= {})
    const others = (status.conditions ?? []).filter(({ type }) => type !== 'DisruptionTarget')
    const condition = {
      type: 'DisruptionTarget',
      status: 'True',
      reason: 'EvictionByEvictionAPI',
      message: 'Eviction API: evicting',
      lastTransitionTime: now,
    } as const
    const there = status.conditions?.some(({ type, status: is }) => type === 'DisruptionTarget' && is === 'True')
    if (!there) status.conditions = [...others, condition]
  })
  return marked.revision
}

function checkPod({ metadata }: KubeObject, preconditions: DeleteOptions['preconditions']): void {
  const { uid, resourceVersion } = preconditions ?? {}
  const refuse = (why: string): Error => conflict({ group: '', resource: 'Pod' }, metadata.name ?? '', why)
  if (uid && uid !== metadata.uid) {
    throw refuse(
      `the UID in the precondition (${uid}) does not match the UID in record (${metadata.uid ?? ''}). The object might have been deleted and then recreated`,
    )
  }
  if (resourceVersion && resourceVersion !== metadata.resourceVersion) {
    throw refuse(
      `the ResourceVersion in the precondition (${resourceVersion}) does not match the ResourceVersion in record (${metadata.resourceVersion ?? ''}). The object might have been modified`,
    )
  }
}
