import { benchPod } from '../objects.ts'
import { must, send, type Target } from '../target.ts'

/** Requests of one kind, as the load generator makes them. */
export interface Shape {
  readonly name: string
  readonly path: string
  /** A script in lua/; plain GETs when absent. */
  readonly script?: string
  readonly args?: readonly string[]
  /** Makes what the requests need, unless that is there. */
  prepare?(target: Target): Promise<void>
}

export const CONFIG_MAPS = '/api/v1/namespaces/default/configmaps'
const PODS = '/api/v1/namespaces/default/pods'
/** As many as the scripts change in turn. */
const CHANGED = 32
const DELETED = 10_000
const LISTED = 2000
/** Pods are bound to a node that nobody runs, so that nobody does anything with them. */
const NODE = 'nowhere'

/** One for each verb: all but the creations and the deletions are of ConfigMaps of about 1 KB. */
export const shapes: readonly Shape[] = [
  // First, while there are no other pods.
  { name: 'list 2,000 pods', path: PODS, prepare: makeListed },
  { name: 'get', path: `${CONFIG_MAPS}/patched-0`, prepare: makeChanged },
  { name: 'create 1 KB', path: CONFIG_MAPS, script: 'create' },
  { name: 'create pod, guarded', path: PODS, script: 'create-pod', prepare: makeNode },
  { name: 'update', path: CONFIG_MAPS, script: 'update', prepare: makeChanged },
  { name: 'JSON patch', path: CONFIG_MAPS, script: 'patch', args: ['json'], prepare: makeChanged },
  { name: 'merge patch', path: CONFIG_MAPS, script: 'patch', args: ['merge'], prepare: makeChanged },
  { name: 'strategic merge patch', path: PODS, script: 'patch', args: ['strategic'], prepare: makeChangedPods },
  { name: 'apply', path: CONFIG_MAPS, script: 'patch', args: ['apply'] },
  { name: 'delete', path: CONFIG_MAPS, script: 'delete', args: [String(DELETED)], prepare: makeDeleted },
]

async function makeChanged(target: Target): Promise<void> {
  if ((await send(target, 'GET', `${CONFIG_MAPS}/patched-${CHANGED - 1}`)).status === 200) return
  await makeMany(target, CONFIG_MAPS, CHANGED, (i) => configMap(`patched-${i}`))
}

async function makeChangedPods(target: Target): Promise<void> {
  if ((await send(target, 'GET', `${PODS}/patched-${CHANGED - 1}`)).status === 200) return
  await makeNode(target)
  await makeMany(target, PODS, CHANGED, (i) => benchPod(`patched-${i}`, NODE))
}

async function makeDeleted(target: Target): Promise<void> {
  await makeMany(target, CONFIG_MAPS, DELETED, (i) => configMap(`deleted-${i}`))
}

async function makeListed(target: Target): Promise<void> {
  if ((await send(target, 'GET', `${PODS}/listed-${LISTED - 1}`)).status === 200) return
  await makeNode(target)
  await makeMany(target, PODS, LISTED, (i) => benchPod(`listed-${i}`, NODE))
}

/** Without its Node, pods would be taken for orphans and deleted. */
async function makeNode(target: Target): Promise<void> {
  if ((await send(target, 'GET', `/api/v1/nodes/${NODE}`)).status === 200) return
  const node = { apiVersion: 'v1', kind: 'Node', metadata: { name: NODE }, spec: { unschedulable: true } }
  await must(target, 'POST', '/api/v1/nodes', node)
}

/** Those that an earlier run has left are there already. */
async function makeMany(target: Target, path: string, count: number, make: (i: number) => unknown): Promise<void> {
  const ensure = async (i: number): Promise<void> => {
    const { status, body } = await send(target, 'POST', path, make(i))
    if (status !== 201 && status !== 409) throw new Error(`POST ${path} was answered ${status}: ${body.slice(0, 300)}`)
  }
  for (let from = 0; from < count; from += 32)
    await Promise.all(Array.from({ length: Math.min(32, count - from) }, (_, k) => ensure(from + k)))
}

function configMap(name: string): unknown {
  return { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name }, data: { text: 'x'.repeat(700) } }
}
