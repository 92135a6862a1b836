import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { request } from 'node:https'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { parse } from 'yaml'
import { clusterPaths } from '../src/host/cluster/paths.ts'
import { SERVER_NODE_FLAGS } from '../src/host/node-flags.ts'
import { freePort, Processes } from './processes.ts'
import type { Target } from './target.ts'

const ROOT = new URL('..', import.meta.url).pathname
const PROGRAM = join(ROOT, 'bin/skiff.mjs')

interface Admin {
  readonly port: number
  readonly cert: string
  readonly key: string
}

/** Its name. */
export const CLUSTER = 'bench'

/** Skiff as it ships and as `skiff up` starts it, with its durable store; pods, if any, pretend. */
export async function startSkiff(more: readonly string[] = [], kept?: string): Promise<Target> {
  const folder = kept ?? mkdtempSync(join(tmpdir(), 'skiff-bench-'))
  const port = await freePort()
  const processes = new Processes(folder)
  const since = performance.now()
  processes.start('skiff', process.execPath, [
    ...SERVER_NODE_FLAGS,
    PROGRAM,
    'server',
    '--name',
    CLUSTER,
    '--data-dir',
    folder,
    '--runtime',
    'simulated',
    '--api-port',
    String(port),
    ...more,
  ])
  const admin = await adminOf(clusterPaths(folder, CLUSTER).kubeconfig, port, since)
  const readyMs = await untilReady(admin, since)
  return {
    name: 'skiff',
    port,
    token: await tokenOf(admin),
    readyMs,
    pids: () => processes.pids,
    async stop() {
      await processes.stop()
      if (kept === undefined) rmSync(folder, { recursive: true, force: true })
    },
  }
}

/** The flags that keep the state in this etcd, where nothing of an earlier run is in the way; none without one. */
export function storeFlags(etcd: string | undefined): string[] {
  return etcd === undefined
    ? []
    : ['--store', 'etcd', '--etcd-servers', etcd, '--etcd-prefix', `/skiff-bench-${Date.now()}/registry`]
}

/** Builds what ships. */
export function buildSkiff(): void {
  execFileSync(process.execPath, [join(ROOT, 'scripts/build.ts')], { stdio: 'inherit' })
}

async function adminOf(kubeconfig: string, port: number, since: number): Promise<Admin> {
  while (performance.now() - since < 60_000) {
    try {
      const [user] = (parse(readFileSync(kubeconfig, 'utf8')) as { users: { user: Record<string, string> }[] }).users
      const pem = (field: string): string => Buffer.from(user?.user[field] ?? '', 'base64').toString()
      return { port, cert: pem('client-certificate-data'), key: pem('client-key-data') }
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error
      await sleep(5)
    }
  }
  throw new Error(`no kubeconfig came to ${kubeconfig}`)
}

async function untilReady(admin: Admin, since: number): Promise<number> {
  while (performance.now() - since < 60_000) {
    const answer = await asAdmin(admin, 'GET', '/readyz').catch(() => undefined)
    if (answer?.status === 200) return performance.now() - since
    await sleep(5)
  }
  throw new Error('skiff was not ready within 60 s')
}

/** The load generator cannot show a client certificate, so it gets a service account's token. */
async function tokenOf(admin: Admin): Promise<string> {
  const account = { apiVersion: 'v1', kind: 'ServiceAccount', metadata: { name: 'bench', namespace: 'default' } }
  const binding = {
    apiVersion: 'rbac.authorization.k8s.io/v1',
    kind: 'ClusterRoleBinding',
    metadata: { name: 'bench' },
    roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: 'cluster-admin' },
    subjects: [{ kind: 'ServiceAccount', name: 'bench', namespace: 'default' }],
  }
  for (const [path, body] of [
    ['/api/v1/namespaces/default/serviceaccounts', account],
    ['/apis/rbac.authorization.k8s.io/v1/clusterrolebindings', binding],
  ] as const) {
    const { status, body: text } = await asAdmin(admin, 'POST', path, body)
    if (status !== 201 && status !== 409) throw new Error(`POST ${path} was answered ${status}: ${text.slice(0, 300)}`)
  }
  const spec = { apiVersion: 'authentication.k8s.io/v1', kind: 'TokenRequest', spec: { expirationSeconds: 7200 } }
  const { body: text } = await asAdmin(admin, 'POST', '/api/v1/namespaces/default/serviceaccounts/bench/token', spec)
  return (JSON.parse(text) as { status: { token: string } }).status.token
}

function asAdmin(
  { port, cert, key }: Admin,
  method: string,
  path: string,
  body?: unknown,
): Promise<{ status: number; body: string }> {
  return new Promise((resolve, reject) => {
    const headers = { 'content-type': 'application/json' }
    const outgoing = request(
      { host: '127.0.0.1', port, method, path, cert, key, headers, rejectUnauthorized: false },
      (response) => {
        let text = ''
        response.setEncoding('utf8')
        response.on('data', (chunk: string) => (text += chunk))
        response.on('end', () => resolve({ status: response.statusCode ?? 0, body: text }))
      },
    )
    outgoing.on('error', reject)
    outgoing.end(body === undefined ? undefined : JSON.stringify(body))
  })
}
