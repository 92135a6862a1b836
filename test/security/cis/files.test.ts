/** Section 1.1, and what else is about files: of a cluster that `skiff server` has made, where the umask would let everybody do everything. */
import assert from 'node:assert/strict'
import { lstatSync, mkdtempSync, readdirSync, readFileSync, readlinkSync, rmSync } from 'node:fs'
import { createPublicKey } from 'node:crypto'
import { tmpdir } from 'node:os'
import { join, relative } from 'node:path'
import { after, before, test } from 'node:test'
import { COMPONENTS } from '../../../src/cmd/server/components.ts'
import { runServer } from '../../../src/cmd/server/run.ts'
import { ensureNodeServing } from '../../../src/cmd/server/pki.ts'
import { clusterPaths } from '../../../src/host/cluster/paths.ts'
import { writeSettings, type ClusterSettings } from '../../../src/host/cluster/settings.ts'
import { control } from './control.ts'
import { env } from '../server.ts'

const folder = mkdtempSync(join(tmpdir(), 'skiff-cis-'))
const paths = clusterPaths(folder, 'cis')
const settings: ClusterSettings = {
  name: 'cis',
  apiPort: 0,
  podCidr: '10.244.0.0/16',
  serviceCidr: '10.96.0.0/16',
  clusterDomain: 'cluster.local',
  nodeName: 'node',
  nodes: 1,
  runtime: 'simulated',
}
const stop = new AbortController()
const openMask = process.umask(0)
let ended: Promise<void>

before(async () => {
  writeSettings(paths.settings, settings)
  const serving = Promise.withResolvers<void>()
  ended = runServer({
    settings,
    paths,
    env,
    bindAddress: '127.0.0.1',
    components: new Set(COMPONENTS),
    advertiseAddress: '192.0.2.1',
    signal: stop.signal,
    onServing: () => serving.resolve(),
  })
  ended.catch(serving.reject)
  await serving.promise
  await ensureNodeServing({ folder: paths.pki, env }, 'node', ['127.0.0.1'])
})

after(async () => {
  stop.abort(new Error('the test ends'))
  await ended
  process.umask(openMask)
  rmSync(folder, { recursive: true })
})

/** Everything below a path, and the path itself. */
function all(path: string): string[] {
  if (!lstatSync(path).isDirectory()) return [path]
  return [path, ...readdirSync(path).flatMap((name) => all(join(path, name)))]
}

const modeOf = (path: string): number => lstatSync(path).mode & 0o7777

/** Demands that nobody but the owner may do what these bits say. */
function closed(bits: number, files: readonly string[]): void {
  assert.ok(files.length > 0)
  for (const path of files)
    assert.equal(modeOf(path) & bits, 0, `${relative(folder, path)} is ${modeOf(path).toString(8)}`)
}

function own(files: readonly string[]): void {
  assert.ok(files.length > 0)
  for (const path of files) {
    const { uid, gid } = lstatSync(path)
    assert.deepEqual([uid, gid], [process.getuid?.(), process.getgid?.()], path)
  }
}

const pki = (end: string): string[] => all(paths.pki).filter((path) => path.endsWith(end))

test("the cluster's folder is for its owner alone, and so is each file in it that is no certificate", () => {
  closed(0o077, [paths.root, paths.settings, paths.kubeconfig, paths.pki, paths.store])
  closed(
    0o077,
    all(paths.root).filter((path) => lstatSync(path).isFile() && !/\.(crt|pub)$/.test(path) && !path.endsWith('.pid')),
  )
  own(all(paths.root))
})

// Networks are made with real containers alone; where they lie is closed all the same.
control('1.1.9', () => {
  assert.ok(paths.cni.folder.startsWith(`${paths.root}/`))
  closed(0o077, [paths.root])
})
control('1.1.10', () => own([paths.root]))
control('1.1.11', () => closed(0o077, all(paths.store)))
control('1.1.12', () => own(all(paths.store)))
control('1.1.13', () => closed(0o177, [paths.kubeconfig]))
control('1.1.14', () => own([paths.kubeconfig]))
control('1.1.19', () => own(all(paths.pki)))
control('1.1.20', () => closed(0o133, pki('.crt')))
control('1.1.21', () => closed(0o177, pki('.key')))
control('1.3.4', () => closed(0o177, [join(paths.pki, 'sa.key')]))
control('4.1.7', () => closed(0o133, [join(paths.pki, 'ca.crt')]))
control('4.1.8', () => own([join(paths.pki, 'ca.crt')]))

control('1.2.22', () => {
  const publics = pki('.key').map((path) =>
    createPublicKey(readFileSync(path, 'utf8')).export({ type: 'spki', format: 'pem' }),
  )
  assert.equal(new Set(publics).size, publics.length, 'each key is for one thing')
  assert.ok(publics.includes(readFileSync(join(paths.pki, 'sa.pub'), 'utf8')))
})

/** The ports on which this very process listens, by Linux's own tables. */
function listening(): string[] {
  const inodes = new Set(readdirSync('/proc/self/fd').flatMap((fd) => /^socket:\[(\d+)\]$/.exec(link(fd))?.[1] ?? []))
  return ['tcp', 'tcp6', 'udp', 'udp6'].flatMap((table) =>
    readFileSync(`/proc/self/net/${table}`, 'utf8')
      .split('\n')
      .slice(1)
      .map((line) => line.trim().split(/\s+/))
      .filter(
        ([, , remote = '', state, , , , , , inode = '']) =>
          inodes.has(inode) && (state === '0A' || (table.startsWith('udp') && remote.endsWith(':0000'))),
      )
      .map(([, local = '']) => `${table} ${local}`),
  )
}

function link(fd: string): string {
  try {
    return readlinkSync(`/proc/self/fd/${fd}`)
  } catch {
    return ''
  }
}

const onlyTheApi = (): void => {
  const listeners = listening().filter((one) => !one.startsWith('udp'))
  // Simulated nodes have one server more, of the sessions in their pods: on loopback, as the API.
  assert.ok(listeners.length >= 1 && listeners.length <= 2, listeners.join())
  for (const one of listeners) assert.match(one, /^tcp 0100007F:/)
}
control('1.3.2', onlyTheApi)
control('1.3.7', onlyTheApi)
control('1.4.1', onlyTheApi)
control('1.4.2', onlyTheApi)
