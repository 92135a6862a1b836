import { execFileSync } from 'node:child_process'
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { freePort, Processes, untilReady } from './processes.ts'
import type { Target } from './target.ts'

const TOKEN = 'bench-token'
const PROGRAMS = ['kube-apiserver', 'kube-controller-manager', 'kube-scheduler']

/** Why upstream cannot be measured here; undefined when it can. */
export function missingUpstream(bin: string | undefined): string | undefined {
  if (!bin) return "no folder with upstream's programs was named (--upstream DIR or SKIFF_UPSTREAM_BIN)"
  const missing = PROGRAMS.filter((program) => !existsSync(join(bin, program)))
  if (missing.length > 0) return `${bin} has no ${missing.join(', ')}`
  try {
    execFileSync(etcdIn(bin), ['--version'], { stdio: 'ignore' })
  } catch {
    return `etcd is neither in ${bin} nor installed (apt-get install etcd-server)`
  }
  return undefined
}

/** What is measured, such as `Kubernetes v1.36.0, etcd 3.6.8`. */
export function upstreamVersions(bin: string): string {
  const etcd = /etcd Version: (\S+)/.exec(execFileSync(etcdIn(bin), ['--version'], { encoding: 'utf8' }))?.[1]
  return `${versionOf(bin)}, etcd ${etcd ?? 'unknown'}`
}

/** The etcd beside the programs, or else the system's. */
function etcdIn(bin: string): string {
  const own = join(bin, 'etcd')
  return existsSync(own) ? own : 'etcd'
}

function versionOf(bin: string): string {
  return execFileSync(join(bin, 'kube-apiserver'), ['--version'], { encoding: 'utf8' }).trim()
}

/** 36 of `Kubernetes v1.36.0`; 0 of a build that does not say. */
function minorOf(bin: string): number {
  return Number(/v1\.(\d+)/.exec(versionOf(bin))?.[1] ?? 0)
}

/** Releases that still served without TLS must be told not to; later ones do not know the flag. */
const LAST_WITH_INSECURE_PORT = 23

/** etcd with its default durability, kube-apiserver, controllers and scheduler with the controllers' request limits lifted. */
export async function startUpstream(bin: string, more: readonly string[] = []): Promise<Target> {
  const folder = mkdtempSync(join(tmpdir(), 'skiff-bench-upstream-'))
  makeCredentials(folder)
  const [port, etcd, peer] = [await freePort(), await freePort(), await freePort()]
  const processes = new Processes(folder)
  const since = performance.now()
  const etcdUrl = `http://127.0.0.1:${etcd}`
  processes.start('etcd', etcdIn(bin), [
    '--data-dir',
    join(folder, 'etcd'),
    '--listen-client-urls',
    etcdUrl,
    '--advertise-client-urls',
    etcdUrl,
    '--listen-peer-urls',
    `http://127.0.0.1:${peer}`,
    '--initial-advertise-peer-urls',
    `http://127.0.0.1:${peer}`,
    '--initial-cluster',
    `default=http://127.0.0.1:${peer}`,
  ])
  processes.start('kube-apiserver', join(bin, 'kube-apiserver'), [...apiServerFlags(folder, etcdUrl, port), ...more])
  const readyMs = await untilReady(port, TOKEN, since)
  writeKubeconfig(folder, port)
  const secure = minorOf(bin) > LAST_WITH_INSECURE_PORT ? [] : ['--port=0']
  const limits = [
    ...secure,
    '--kube-api-qps=5000',
    '--kube-api-burst=5000',
    '--leader-elect=false',
    `--kubeconfig=${join(folder, 'kubeconfig')}`,
  ]
  processes.start('kube-controller-manager', join(bin, 'kube-controller-manager'), [
    ...limits,
    '--controllers=*',
    `--service-account-private-key-file=${join(folder, 'sa.key')}`,
    `--secure-port=${await freePort()}`,
  ])
  processes.start('kube-scheduler', join(bin, 'kube-scheduler'), [...limits, `--secure-port=${await freePort()}`])
  return {
    name: 'upstream',
    port,
    token: TOKEN,
    readyMs,
    pids: () => processes.pids,
    async stop() {
      await processes.stop()
      rmSync(folder, { recursive: true, force: true })
    },
  }
}

function apiServerFlags(folder: string, etcdUrl: string, port: number): string[] {
  return [
    `--etcd-servers=${etcdUrl}`,
    `--cert-dir=${join(folder, 'certs')}`,
    `--secure-port=${port}`,
    `--service-account-key-file=${join(folder, 'sa.key')}`,
    `--service-account-signing-key-file=${join(folder, 'sa.key')}`,
    '--service-account-issuer=https://kubernetes.default.svc',
    '--authorization-mode=Node,RBAC',
    `--token-auth-file=${join(folder, 'tokens.csv')}`,
    '--service-cluster-ip-range=10.97.0.0/16',
    '--allow-privileged=true',
  ]
}

function makeCredentials(folder: string): void {
  execFileSync('openssl', ['genrsa', '-out', join(folder, 'sa.key'), '2048'], { stdio: 'ignore' })
  writeFileSync(join(folder, 'tokens.csv'), `${TOKEN},admin,1,system:masters\n`)
}

function writeKubeconfig(folder: string, port: number): void {
  const config = {
    apiVersion: 'v1',
    kind: 'Config',
    clusters: [{ name: 'c', cluster: { server: `https://127.0.0.1:${port}`, 'insecure-skip-tls-verify': true } }],
    users: [{ name: 'u', user: { token: TOKEN } }],
    contexts: [{ name: 'x', context: { cluster: 'c', user: 'u' } }],
    'current-context': 'x',
  }
  writeFileSync(join(folder, 'kubeconfig'), JSON.stringify(config))
}
