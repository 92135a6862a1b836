import { existsSync } from 'node:fs'
import { resolve } from 'node:path'
import { Command, Option } from 'commander'
import type { CliContext } from '../../cli/context.ts'
import { existingCluster, parseCount, withCluster, withExamples, type ClusterFlags } from '../../cli/flags.ts'
import { etcdSettings, withStore, type StoreFlags } from '../../cli/up/store-flags.ts'
import { checkEtcdSettings } from '../../host/cluster/etcd-settings.ts'
import { acquireLock } from '../../host/cluster/lock.ts'
import { writeSettings, type ClusterSettings } from '../../host/cluster/settings.ts'
import { EXIT, UserError, isErrno, messageOf } from '../../host/user-error.ts'
import { StoreError } from '../../store/store.ts'
import { fillPlace, kindOf, readPlace } from './place.ts'

/** So many writes may have happened after the snapshot, and clients seen their revisions. */
const BUMP = 1_000_000_000

/** `skiff snapshot` */
export function snapshotCommand(context: CliContext): Command {
  return new Command('snapshot')
    .description("save a cluster's objects in a file, and restore them, in lmdb or etcd")
    .addCommand(saveCommand(context))
    .addCommand(restoreCommand(context))
    .addCommand(statusCommand(context))
}

function saveCommand(context: CliContext): Command {
  const command = withCluster(
    new Command('save').description('save all objects as of one moment; the cluster may go on').argument('<file>'),
  )
    .option('--force', 'replace the file if it is there')
    .addHelpText('after', "\nThe cluster's keys and certificates are not in it: keep its pki folder as well.")
    .action((file: string, flags: ClusterFlags & { force?: boolean }) => said(() => save(context, file, flags)))
  return withExamples(command, [
    ['skiff snapshot save backup.skiff', 'of the cluster "skiff", running or not'],
    ['skiff snapshot save --name dev --force /backup/dev.skiff', 'of another one, over the last'],
  ])
}

async function save(context: CliContext, file: string, flags: ClusterFlags & { force?: boolean }): Promise<void> {
  const cluster = existingCluster(flags)
  if (existsSync(file) && flags.force !== true)
    throw new UserError(`${file} is there already`, { hints: ['replace it: add --force'], exitCode: EXIT.usage })
  const { writeSnapshot } = await import('../../store/snapshot/format.ts')
  const source = await readPlace(cluster)
  try {
    const head = { revision: source.revision, savedMs: context.env.clock.now(), store: kindOf(cluster) }
    const keys = await writeSnapshot(resolve(file), head, source.entries())
    context.out.write(`Saved ${keys} keys as of revision ${source.revision} in ${file}\n`)
  } finally {
    await source.close()
  }
}

interface RestoreFlags extends ClusterFlags, StoreFlags {
  readonly bumpRevision: number
  readonly replace?: boolean
}

function restoreCommand(context: CliContext): Command {
  const command = withStore(
    withCluster(
      new Command('restore')
        .description("put a snapshot's objects in a cluster's store, which must be stopped")
        .argument('<file>'),
    ),
  )
    .option('--replace', 'put an lmdb store that is there aside')
    .option('--bump-revision <count>', 'how far to go beyond the last revision (1000000000)', parseBump, BUMP)
    .addHelpText(
      'after',
      "\nThe store begins beyond the snapshot's revision, so that no revision comes back: clients that know older ones are told\n" +
        'to list anew (410 Gone). An etcd must have no keys below its prefix, and all its API servers must be stopped.',
    )
    .action((file: string, flags: RestoreFlags) => said(() => restore(context, file, flags)))
  return withExamples(command, [
    ['skiff snapshot restore --replace backup.skiff', 'in place of what the cluster has now'],
    ['skiff snapshot restore --store etcd --etcd-servers http://10.0.0.1:2379 backup.skiff', 'move it to etcd'],
    ['skiff snapshot restore --store lmdb backup.skiff', 'and back'],
  ])
}

function parseBump(text: string): number {
  return text === '0' ? 0 : /^\d{1,15}$/.test(text) ? Number(text) : parseCount(text)
}

async function restore(context: CliContext, file: string, flags: RestoreFlags): Promise<void> {
  const { settings: saved, paths } = existingCluster(flags)
  const settings = withStoreOf(saved, flags)
  const { readSnapshot } = await import('../../store/snapshot/format.ts')
  const { head, entries } = await readSnapshot(file)
  const lock = await acquireLock(paths.root)
  if (!lock)
    throw new UserError(`cluster "${saved.name}" is running`, { hints: [`stop it: skiff down --name ${saved.name}`] })
  try {
    const restoration = { head, entries, bump: flags.bumpRevision }
    const how = { replace: flags.replace === true, nowMs: context.env.clock.now() }
    const { keys, revision, aside } = await fillPlace({ settings, paths }, restoration, how)
    writeSettings(paths.settings, settings)
    context.out.write(`Restored ${keys} keys in ${kindOf({ settings, paths })}, which is at revision ${revision}\n`)
    if (aside !== undefined) context.out.write(`What was there before is in ${aside}\n`)
  } finally {
    await lock.release()
  }
}

/** The settings with the store that the flags choose; the last one unless told. */
function withStoreOf(saved: ClusterSettings, flags: StoreFlags): ClusterSettings {
  const { etcd: _, ...others } = saved
  const etcd = etcdSettings(flags, saved)
  return etcd ? { ...others, etcd: checkEtcdSettings(etcd) } : others
}

function statusCommand(context: CliContext): Command {
  const command = new Command('status')
    .description('check a snapshot and say what is in it')
    .argument('<file>')
    .addOption(new Option('-o, --output <format>', 'print it for programs to read').choices(['json']))
    .action((file: string, flags: { output?: 'json' }) => said(() => status(context, file, flags)))
  return withExamples(command, [
    ['skiff snapshot status backup.skiff', ''],
    ['skiff snapshot status -o json backup.skiff', 'with the number of objects of each resource'],
  ])
}

async function status(context: CliContext, file: string, { output }: { output?: 'json' }): Promise<void> {
  const { readSnapshot } = await import('../../store/snapshot/format.ts')
  const { head, fileBytes, sha256, entries } = await readSnapshot(file)
  const resources: Record<string, number> = {}
  let keys = 0
  let bytes = 0
  for await (const { key, value } of entries) {
    keys++
    bytes += key.length + value.length
    const resource = key.split('/')[2] ?? ''
    resources[resource] = (resources[resource] ?? 0) + 1
  }
  const saved = new Date(head.savedMs).toISOString()
  const facts = { revision: head.revision, keys, bytes, fileBytes, saved, store: head.store, sha256 }
  if (output === 'json') return context.out.write(`${JSON.stringify({ ...facts, resources }, null, 2)}\n`)
  const lines = Object.entries(facts).map(([name, value]) => `${name.padEnd(10)}${value}\n`)
  context.out.write(lines.join(''))
}

/** Has what goes wrong with files and stores said without a trace. */
async function said(run: () => Promise<void>): Promise<void> {
  try {
    await run()
  } catch (error) {
    if (error instanceof StoreError || isErrno(error, 'ENOENT', 'EACCES', 'ENOSPC', 'EEXIST', 'EISDIR', 'ENOTDIR'))
      throw new UserError(messageOf(error), { cause: error })
    throw error
  }
}
