import { spawn, spawnSync, type ChildProcess } from 'node:child_process'
import { existsSync, mkdtempSync, rmSync } from 'node:fs'
import { createServer } from 'node:net'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { sleep, systemClock } from '../../../lib/clock.ts'
import { Connection } from '../connection.ts'
import { methods } from '../messages.ts'

/** The etcd that tests start: `SKIFF_TEST_ETCD`, or Debian's. */
const PROGRAM = process.env['SKIFF_TEST_ETCD'] ?? 'etcd'

/** What restores snapshots: etcdctl, or from 3.6 on etcdutl. */
const RESTORER = process.env['SKIFF_TEST_ETCDUTL'] ?? 'etcdctl'

/** Why tests with an etcd cannot run here; undefined when they can. */
export function noEtcd(): string | undefined {
  return spawnSync(PROGRAM, ['--version']).status === 0 ? undefined : 'no etcd here (Debian: etcd-server)'
}

/** One member of a cluster that a test started. */
export interface Member {
  readonly name: string
  readonly endpoint: string
  /** Ends it at once, as a power cut would. */
  kill(): Promise<void>
  /** Stops it where it is, with its connections open; and lets it go on. */
  freeze(): void
  thaw(): void
  /** Starts it with what it had. */
  restart(): Promise<void>
}

export interface EtcdProcesses {
  readonly members: readonly Member[]
  readonly endpoints: readonly string[]
  /** Where the members keep what they have. */
  readonly folder: string
  /** Has the only member, which must not run, begin with what a snapshot of etcdctl holds. */
  restore(snapshot: string): void
  /** Ends all, and removes what they kept. */
  stop(): Promise<void>
}

export interface EtcdOptions {
  readonly members?: number
  /** Further flags, such as `--quota-backend-bytes=...`. */
  readonly flags?: readonly string[]
  /** `https` needs certificates among the flags. */
  readonly scheme?: 'http' | 'https'
}

/** In memory where the host has such a folder, so that the tests do not wait for its disk. */
function newFolder(): string {
  return mkdtempSync(join(existsSync('/dev/shm') ? '/dev/shm' : tmpdir(), 'skiff-etcd-'))
}

/** Starts a cluster on free ports of loopback; resolves when it has a leader. */
export async function startEtcd(options: EtcdOptions = {}): Promise<EtcdProcesses> {
  for (let attempt = 1; ; attempt++) {
    const etcd = await begin(options)
    try {
      await Promise.all(etcd.members.map((member) => member.ready()))
      return etcd
    } catch (error) {
      await etcd.stop()
      if (attempt === 3) throw error // Before that: someone else took one of the ports.
    }
  }
}

interface Starting extends Member {
  start(): void
  /** Resolves when it answers through a leader; rejects when it ends before. */
  ready(): Promise<void>
}

async function begin({ members: count = 1, flags = [], scheme = 'http' }: EtcdOptions) {
  const folder = newFolder()
  const ports = await freePorts(count * 2)
  const url = (index: number, of = 'http'): string => `${of}://127.0.0.1:${ports[index]}`
  const names = Array.from({ length: count }, (_, i) => `m${i}`)
  const initialCluster = names.map((name, i) => `${name}=${url(i * 2 + 1)}`).join(',')
  const members = names.map((name, i) =>
    memberOf(name, url(i * 2, scheme), [
      `--name=${name}`,
      `--data-dir=${join(folder, name)}`,
      `--listen-client-urls=${url(i * 2, scheme)}`,
      `--advertise-client-urls=${url(i * 2, scheme)}`,
      `--listen-peer-urls=${url(i * 2 + 1)}`,
      `--initial-advertise-peer-urls=${url(i * 2 + 1)}`,
      `--initial-cluster=${initialCluster}`,
      '--heartbeat-interval=20',
      '--election-timeout=200',
      '--log-level=error',
      '--max-request-bytes=8388608',
      ...flags,
    ]),
  )
  for (const member of members) member.start()
  return {
    members,
    endpoints: members.map((member) => member.endpoint),
    folder,
    restore(snapshot: string) {
      const data = join(folder, names[0] ?? '')
      rmSync(data, { recursive: true })
      const flags = [`--name=${names[0]}`, `--data-dir=${data}`, `--initial-cluster=${initialCluster}`]
      const peer = `--initial-advertise-peer-urls=${url(1)}`
      const env = { ...process.env, ETCDCTL_API: '3' }
      const { status, stderr } = spawnSync(RESTORER, ['snapshot', 'restore', snapshot, ...flags, peer], { env })
      if (status !== 0) throw new Error(`the snapshot could not be restored: ${String(stderr)}`)
    },
    async stop() {
      await Promise.all(members.map((member) => member.kill()))
      rmSync(folder, { recursive: true, force: true })
    },
  }
}

function memberOf(name: string, endpoint: string, args: readonly string[]): Starting {
  let child: ChildProcess | undefined
  const start = (): void => {
    child = spawn(PROGRAM, args, { stdio: 'ignore', env: { ...process.env, ETCD_UNSUPPORTED_ARCH: process.arch } })
  }
  return {
    name,
    endpoint,
    start,
    kill: () => killed(child),
    freeze: () => void child?.kill('SIGSTOP'),
    thaw: () => void child?.kill('SIGCONT'),
    ready: () => ready(endpoint, () => child?.exitCode ?? undefined),
    async restart() {
      start()
      await this.ready()
    },
  }
}

async function killed(child: ChildProcess | undefined): Promise<void> {
  if (!child || child.exitCode !== null || child.signalCode !== null) return
  const gone = new Promise((resolve) => child.once('exit', resolve))
  child.kill('SIGKILL')
  await gone
}

async function ready(endpoint: string, exitCode: () => number | undefined): Promise<void> {
  // An https member is asked nothing: it has answered when the tests have the certificates to ask with.
  if (endpoint.startsWith('https:')) return
  const connection = new Connection(endpoint)
  try {
    for (;;) {
      if (exitCode() !== undefined) throw new Error(`etcd has ended with ${exitCode()}`)
      const answer = connection.call(methods.range, { key: Buffer.from('ready') }, 1000)
      if (
        await answer.then(
          () => true,
          () => false,
        )
      )
        return
      await sleep(systemClock, 20)
    }
  } finally {
    connection.close()
  }
}

async function freePorts(count: number): Promise<number[]> {
  const servers = await Promise.all(Array.from({ length: count }, listening))
  const ports = servers.map((server) => (server.address() as AddressInfo).port)
  await Promise.all(servers.map((server) => new Promise((resolve) => server.close(resolve))))
  return ports
}

function listening(): Promise<ReturnType<typeof createServer>> {
  const server = createServer()
  return new Promise((resolve) => server.listen(0, '127.0.0.1', () => resolve(server)))
}
