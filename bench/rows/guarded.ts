import { must, type Target } from '../target.ts'
import { load } from '../wrk.ts'
import { GUARDED_ACCOUNT, GUARDED_NAMESPACE, rolesAndBindings } from '../guarded.ts'
import type { Row } from './row.ts'
import { type Shape, shapes } from './shapes.ts'

const ROLES = 1000
const BINDINGS = 10_000
const AT_A_TIME = 32

/** The same requests by somebody whom one of many bindings lets in. */
export const guardedRows: readonly Row[] = shapes
  .filter(({ name }) => name === 'get' || name === 'create 1 KB')
  .map((shape) => guardedRow(shape))

function guardedRow(shape: Shape): Row {
  return {
    name: `${shape.name} under ${ROLES} roles, ${BINDINGS} bindings, 32 clients`,
    unit: '/s',
    higherIsBetter: true,
    async measure(target, { seconds, note }) {
      await shape.prepare?.(target)
      const guarded = await asGuarded(target)
      const result = await load(guarded, { ...shape, clients: 32, seconds })
      note(`p50 ${result.p50Ms.toFixed(2)} ms, p99 ${result.p99Ms.toFixed(2)} ms`)
      if (result.failures > 0) throw new Error(`${result.failures} requests failed`)
      return result.perSecond
    },
  }
}

const filled = new WeakMap<Target, Promise<Target>>()

/** The target as the account sees it, after the roles and bindings have been made, once. */
function asGuarded(target: Target): Promise<Target> {
  let ready = filled.get(target)
  if (!ready) filled.set(target, (ready = fill(target)))
  return ready
}

async function fill(target: Target): Promise<Target> {
  const namespaces = Array.from({ length: 100 }, (_, i) => ({
    path: '/api/v1/namespaces',
    body: { metadata: { name: `bench-${i}` } },
  }))
  const all = [...namespaces, ...rolesAndBindings(ROLES, BINDINGS)]
  for (let at = 0; at < all.length; at += AT_A_TIME)
    await Promise.all(all.slice(at, at + AT_A_TIME).map(({ path, body }) => must(target, 'POST', path, body)))
  const path = `/api/v1/namespaces/${GUARDED_NAMESPACE}/serviceaccounts/${GUARDED_ACCOUNT}/token`
  const { status } = await must<{ status: { token: string } }>(target, 'POST', path, { spec: {} })
  return { ...target, token: status.token }
}
