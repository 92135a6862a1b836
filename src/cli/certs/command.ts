import { Command } from 'commander'
import { readProcessFile } from '../../host/cluster/process-file.ts'
import { EXIT, UserError } from '../../host/user-error.ts'
import { sleep } from '../../lib/clock.ts'
import type { CliContext } from '../context.ts'
import type { ClusterFlags, ExistingCluster, OutputFormat } from '../flags.ts'
import {
  existingCluster,
  nameFlag,
  parseDurationMs,
  parseSeconds,
  withCluster,
  withExamples,
  withOutput,
} from '../flags.ts'
import { humanDuration, print, table } from '../print.ts'
import { type AuthorityFlags, rotateAuthorities } from './authorities.ts'
import { type ClusterCertificate, certificatesIn, removeCertificates } from './certificates.ts'

/** `skiff certs` */
export function certsCommand(context: CliContext): Command {
  const command = new Command('certs').description("look at a cluster's certificates, and make them anew")
  command.addCommand(checkCommand(context)).addCommand(rotateCommand(context))
  return withExamples(command, [
    ['skiff certs check', 'say when each one ends'],
    ['skiff certs rotate', 'make them anew, while the cluster runs'],
  ])
}

interface CheckFlags extends ClusterFlags {
  readonly output?: OutputFormat
  /** In ms. */
  readonly within?: number
}

function checkCommand(context: CliContext): Command {
  const command = withOutput(withCluster(new Command('check').description('say when certificates end')))
    .option('--within <duration>', 'those that end in this time count as ending soon, such as 720h', parseDurationMs)
    .addHelpText('after', '\nThe exit code is 1 when one has expired or ends soon. Keys are not looked at.')
    .action((flags: CheckFlags) => check(context, flags))
  return withExamples(command, [
    ['skiff certs check', 'say when each one ends'],
    ['skiff certs check --within 720h -o json', 'for a program that warns a month before'],
  ])
}

function check(context: CliContext, flags: CheckFlags): void {
  const cluster = existingCluster(flags)
  const found = certificatesIn(cluster.paths.pki, context.env.clock.now(), flags.within ?? 0)
  if (found.length === 0) throw notMade(cluster)
  print(context, found, flags.output, (list) => describe(context, list))
  const bad = found.filter(({ state }) => state !== 'good')
  if (bad.length > 0) {
    throw new UserError(
      bad.map(({ name, state }) => `${name} ${state === 'expired' ? 'has expired' : state}`).join(', '),
      {
        hints: [`make it anew: skiff certs rotate${nameFlag(flags.name)}`],
      },
    )
  }
}

function notMade({ settings }: ExistingCluster): UserError {
  const hints = [`its first start makes them: skiff up${nameFlag(settings.name)}`]
  return new UserError(`cluster "${settings.name}" has no certificates yet`, { hints })
}

function describe({ env }: CliContext, list: readonly ClusterCertificate[]): string {
  const rows = list.map(({ name, subject, authority, expires, state }) => {
    const leftMs = Date.parse(expires) - env.clock.now()
    return [name, subject, authority ? 'yes' : 'no', expires, leftMs > 0 ? humanDuration(leftMs) : 'none', state]
  })
  return table(['NAME', 'SUBJECT', 'AUTHORITY', 'EXPIRES', 'LEFT', 'STATE'], rows)
}

interface RotateFlags extends ClusterFlags, AuthorityFlags {
  readonly ca?: boolean
}

function rotateCommand(context: CliContext): Command {
  const command = withCluster(new Command('rotate').description('make certificates and their keys anew'))
    .argument('[name...]', 'which ones, as skiff certs check names them (all but the authorities)')
    .option('--ca', 'exchange the authorities: both the old and the new are trusted, the new sign')
    .option('--prepare', 'with --ca: trust the new ones, and let them sign nothing yet')
    .option('--finish', 'with --ca: trust the old ones no more')
    .option('--timeout <time>', 'how long to wait for the server', parseSeconds, 30)
    .addHelpText(
      'after',
      '\nThe server shows the new ones at once and cuts no connection. One that does not run makes them at its next start.' +
        '\nOld certificates stay good until they end. Copies of the kubeconfig keep the old one: skiff kubeconfig --merge.' +
        '\nWith --ca all goes on, too: who only knows the old authority is led to the new one, until --finish. It may be cut off and called again at any time.',
    )
    .action((names: string[], flags: RotateFlags) => rotate(context, names, flags))
  return withExamples(command, [
    ['skiff certs rotate', 'all but the authorities'],
    ['skiff certs rotate admin', "the administrator's, which is in the kubeconfig"],
    ['skiff certs rotate --ca', 'the authorities; later: skiff certs rotate --ca --finish'],
  ])
}

async function rotate(context: CliContext, names: readonly string[], flags: RotateFlags): Promise<void> {
  const cluster = existingCluster(flags)
  const problem = combinationProblem(names, flags)
  if (problem !== undefined) throw new UserError(problem, { exitCode: EXIT.usage })
  if (flags.ca) return rotateAuthorities(context, cluster, flags)
  const { pki, pidFile } = cluster.paths
  const found = certificatesIn(pki, context.env.clock.now(), 0)
  if (found.length === 0) throw notMade(cluster)
  const wanted = names.length > 0 ? [...new Set(names)] : found.filter((one) => !one.authority).map(({ name }) => name)
  for (const name of wanted) requireLeaf(name, found)
  removeCertificates(pki, wanted)
  if (!readProcessFile(pidFile)) {
    return context.err.write(`the next start makes anew: ${wanted.join(', ')}\n`)
  }
  await untilMade(context, cluster, wanted, flags.timeout)
  context.err.write(`made anew: ${wanted.join(', ')}\n`)
}

function combinationProblem(names: readonly string[], { ca, prepare, finish }: RotateFlags): string | undefined {
  if (!ca) return prepare || finish ? '--prepare and --finish go with --ca' : undefined
  if (names.length > 0) return 'with --ca there is nothing to name: all authorities are exchanged'
  return prepare && finish ? '--prepare and --finish exclude each other' : undefined
}

function requireLeaf(name: string, found: readonly ClusterCertificate[]): void {
  const one = found.find((certificate) => certificate.name === name)
  if (one?.authority === false) return
  const problem = one
    ? `"${name}" is an authority: all that it has signed would be worth nothing`
    : `there is no certificate "${name}"`
  const leaves = found.filter(({ authority }) => !authority).map((leaf) => leaf.name)
  const exchange = one ? ['exchange them: skiff certs rotate --ca'] : []
  throw new UserError(problem, { exitCode: EXIT.usage, hints: [`there are ${leaves.join(', ')}`, ...exchange] })
}

const LOOK_MS = 50

async function untilMade(
  { env, signal }: CliContext,
  { paths, settings }: ExistingCluster,
  wanted: readonly string[],
  seconds: number,
): Promise<void> {
  const until = env.clock.monotonic() + seconds * 1000
  for (;;) {
    const made = certificatesIn(paths.pki, env.clock.now(), 0).map(({ name }) => name)
    const missing = wanted.filter((name) => !made.includes(name))
    if (missing.length === 0) return
    if (env.clock.monotonic() >= until) {
      throw new UserError(`the server has not made anew: ${missing.join(', ')}`, {
        exitCode: EXIT.timedOut,
        hints: [`see what it says: skiff logs${nameFlag(settings.name)}`, 'its next start makes them'],
      })
    }
    await sleep(env.clock, LOOK_MS, signal)
  }
}
