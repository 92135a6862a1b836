import { setTimeout as sleep } from 'node:timers/promises'
import { must, send, type Target } from '../target.ts'
import { load } from '../wrk.ts'
import type { Row, RowContext } from './row.ts'

const ABUSERS = 500
const LISTED = 200
const EVERY_MS = 100
/** Until all connections stand. */
const SETTLE_MS = 5000
const LEAST_SECONDS = 12

/** What a client that asks ten times a second notices of one that never pauses, on 500 connections: both are accounts like any other. */
export const fairnessRow: Row = {
  name: `get and create, p99, under ${ABUSERS} abusive clients`,
  unit: 'ms',
  higherIsBetter: false,
  async measure(target, context) {
    await prepare(target)
    const [abuser, modest] = await Promise.all([accountToken(target, 'abuser'), accountToken(target, 'modest')])
    const alone = await modestClient(target, modest, 3)
    const seconds = Math.max(context.seconds, LEAST_SECONDS)
    const abuse = load(target, {
      clients: ABUSERS,
      seconds: seconds + SETTLE_MS / 1000,
      path: '/',
      script: 'abuse',
      args: [abuser],
    })
    await sleep(SETTLE_MS)
    const under = await modestClient(target, modest, seconds - 1)
    const { perSecond, failures, requests } = await abuse
    tell(context, [
      `alone p50 ${quantile(alone.ms, 0.5)}, p99 ${quantile(alone.ms, 0.99)} ms`,
      `under load p50 ${quantile(under.ms, 0.5)} ms, ${under.refused} of ${under.ms.length} refused`,
      `abusers ${perSecond.toFixed(0)}/s, ${failures} of ${requests} failed`,
    ])
    return Number(quantile(under.ms, 0.99))
  },
}

function tell({ note }: RowContext, texts: readonly string[]): void {
  note(texts.join('; '))
}

async function prepare(target: Target): Promise<void> {
  for (const name of ['listed', 'filled']) {
    await must(target, 'POST', '/api/v1/namespaces', { apiVersion: 'v1', kind: 'Namespace', metadata: { name } })
  }
  const data = { text: 'x'.repeat(700) }
  for (let i = 0; i < LISTED; i++) {
    await must(target, 'POST', '/api/v1/namespaces/listed/configmaps', { metadata: { name: `map-${i}` }, data })
  }
}

/** A service account that may do anything, and its token. */
async function accountToken(target: Target, name: string): Promise<string> {
  const accounts = '/api/v1/namespaces/default/serviceaccounts'
  await must(target, 'POST', accounts, { metadata: { name } })
  await must(target, 'POST', '/apis/rbac.authorization.k8s.io/v1/clusterrolebindings', {
    metadata: { name: `fairness-${name}` },
    roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: 'cluster-admin' },
    subjects: [{ kind: 'ServiceAccount', name, namespace: 'default' }],
  })
  const { status } = await must<{ status: { token: string } }>(target, 'POST', `${accounts}/${name}/token`, {
    spec: { expirationSeconds: 7200 },
  })
  return status.token
}

/** Gets and creates by turns, ten times a second, whether the last one was answered or not. */
async function modestClient(
  { port }: Target,
  token: string,
  seconds: number,
): Promise<{ readonly ms: readonly number[]; readonly refused: number }> {
  const ms: number[] = []
  let refused = 0
  const ask = async (i: number): Promise<void> => {
    const since = performance.now()
    const name = `modest-${since.toFixed(3)}`
    const { status } =
      i % 2 === 0
        ? await send({ port, token }, 'GET', '/api/v1/namespaces/listed/configmaps/map-1')
        : await send({ port, token }, 'POST', '/api/v1/namespaces/listed/secrets', { metadata: { name } })
    ms.push(performance.now() - since)
    if (status >= 300) refused++
  }
  const asked: Promise<void>[] = []
  for (let i = 0; i < (seconds * 1000) / EVERY_MS; i++) {
    asked.push(ask(i))
    await sleep(EVERY_MS)
  }
  await Promise.all(asked)
  return { ms, refused }
}

function quantile(all: readonly number[], part: number): string {
  const sorted = all.toSorted((a, b) => a - b)
  return (sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * part))] ?? NaN).toFixed(1)
}
