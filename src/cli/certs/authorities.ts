import { X509Certificate } from 'node:crypto'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { configMaps, namespaces } from '../../api/index.ts'
import {
  AUTHORITIES,
  blocksOf,
  requestedRotation,
  requestRotation,
  type RotationGoal,
  rotationStage,
} from '../../host/cluster/authorities.ts'
import { readProcessFile } from '../../host/cluster/process-file.ts'
import { EXIT, messageOf, UserError } from '../../host/user-error.ts'
import { sleep } from '../../lib/clock.ts'
import { connectToCluster } from '../api.ts'
import type { CliContext } from '../context.ts'
import { type ExistingCluster, nameFlag } from '../flags.ts'

export interface AuthorityFlags {
  /** Trust the next authorities, and no more. */
  readonly prepare?: boolean
  /** Trust the old ones no more. */
  readonly finish?: boolean
  /** In seconds; for each step. */
  readonly timeout: number
}

/** Exchanges the cluster's authorities. Each step is the server's; who is cut off calls this again. */
export async function rotateAuthorities(
  context: CliContext,
  cluster: ExistingCluster,
  flags: AuthorityFlags,
): Promise<void> {
  const { settings, paths } = cluster
  const name = nameFlag(settings.name)
  const say = (text: string): void => context.err.write(`${text}\n`)
  if (blocksOf(paths.pki, 'ca').length === 0) throw new UserError(`cluster "${settings.name}" has no authorities yet`)
  if (flags.finish) return finish(context, cluster, flags)
  await reach(context, cluster, 'trusted', flags)
  if (flags.prepare) {
    return say(`the next authorities are trusted, and sign nothing yet\n  - go on: skiff certs rotate --ca${name}`)
  }
  await reach(context, cluster, 'signing', flags)
  say(
    [
      'the new authorities sign; the old ones are trusted still',
      `  - give others the kubeconfig: skiff kubeconfig --merge${name}`,
      '  - restart what reads its CA once: pods with clients that do, nodes apart with a kubeconfig of their own',
      `  - and then, for good: skiff certs rotate --ca --finish${name}`,
    ].join('\n'),
  )
}

async function finish(context: CliContext, cluster: ExistingCluster, flags: AuthorityFlags): Promise<void> {
  const { settings, paths } = cluster
  const name = nameFlag(settings.name)
  const stages = AUTHORITIES.map((one) => rotationStage(paths.pki, one))
  if (stages.every((stage) => stage === 'none')) {
    throw new UserError('there is nothing to finish: one authority is trusted', {
      exitCode: EXIT.usage,
      hints: [`exchange it: skiff certs rotate --ca${name}`],
    })
  }
  if (stages.some((stage) => stage === 'begun' || stage === 'trusted')) {
    throw new UserError('the next authorities sign nothing yet', {
      exitCode: EXIT.usage,
      hints: [`go on: skiff certs rotate --ca${name}`],
    })
  }
  const left = signedByOthers(paths.pki)
  if (left.length > 0) {
    throw new UserError(`the old authorities have signed what is in use: ${left.join(', ')}`, {
      hints: [`make it anew: skiff certs rotate${name} ${left.join(' ')}`],
    })
  }
  await reach(context, cluster, 'finished', flags)
  context.err.write('the old authorities are trusted no more\n')
}

const REACHED: Readonly<Record<RotationGoal, readonly string[]>> = {
  trusted: ['trusted', 'signing'],
  signing: ['signing'],
  finished: ['none'],
}
const LOOK_MS = 50

/** Has the server go so far, and waits until all of the cluster knows. */
async function reach(
  context: CliContext,
  { paths, settings }: ExistingCluster,
  goal: RotationGoal,
  { timeout }: AuthorityFlags,
): Promise<void> {
  const { env, signal } = context
  const reached = (): boolean => AUTHORITIES.every((one) => REACHED[goal].includes(rotationStage(paths.pki, one)))
  const until = env.clock.monotonic() + timeout * 1000
  for (;;) {
    if (!reached() && requestedRotation(paths.pki) !== goal) requestRotation(paths.pki, goal)
    if (!readProcessFile(paths.pidFile)) {
      if (!reached()) context.err.write(`the next start of cluster "${settings.name}" does it\n`)
      return
    }
    const waiting = reached() ? await notKnown(context, paths, goal) : 'the server has not done it yet'
    if (waiting === undefined) return
    if (env.clock.monotonic() >= until) {
      throw new UserError(`not all of the cluster goes by its authorities yet: ${waiting}`, {
        exitCode: EXIT.timedOut,
        hints: [`see what the server says: skiff logs${nameFlag(settings.name)}`, 'the same command goes on from here'],
      })
    }
    await sleep(env.clock, LOOK_MS, signal)
  }
}

/** Who does not know yet what the server trusts; undefined when all do. */
async function notKnown(
  context: CliContext,
  paths: ExistingCluster['paths'],
  goal: RotationGoal,
): Promise<string | undefined> {
  const left = goal === 'trusted' ? [] : signedByOthers(paths.pki).filter((file) => !isRequested(file))
  if (left.length > 0) return `certificates are not made anew: ${left.join(', ')}`
  const wanted = blocksOf(paths.pki, 'ca').join('\n')
  const api = connectToCluster(context, paths)
  try {
    const [all, { items }] = await Promise.all([
      api.client(namespaces).list(),
      api.client(configMaps).list({ fieldSelector: 'metadata.name=kube-root-ca.crt' }),
    ])
    const knowing = new Set(
      items.flatMap(({ metadata, data }) => (data?.['ca.crt']?.trim() === wanted ? [metadata.namespace] : [])),
    )
    const active = all.items.filter(({ status }) => status?.phase !== 'Terminating')
    const missing = active.map(({ metadata }) => metadata.name).filter((one) => !knowing.has(one))
    return missing.length > 0 ? `kube-root-ca.crt of ${missing.join(', ')}` : undefined
  } catch (error) {
    return messageOf(error)
  } finally {
    api.close()
  }
}

/** Certificates of the folder that none of the authorities that sign now has signed. */
function signedByOthers(folder: string): string[] {
  const signers = AUTHORITIES.flatMap((name) => blocksOf(folder, name).slice(0, 1)).map(
    (pem) => new X509Certificate(pem),
  )
  const leaves = readdirSync(folder)
    .filter((file) => file.endsWith('.crt'))
    .toSorted()
    .map((file) => ({ file: file.slice(0, -4), certificate: new X509Certificate(readFileSync(join(folder, file))) }))
    .filter(({ certificate }) => !certificate.ca)
  return leaves
    .filter(({ certificate }) => !signers.some(({ publicKey }) => certificate.verify(publicKey)))
    .map(({ file }) => file)
}

/** What the cluster was asked for is not made anew by the server alone. */
const isRequested = (file: string): boolean => /^kubelet-(server|client)-/.test(file)
