import { existsSync } from 'node:fs'
import { mkdtemp, rm, stat } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Command } from 'commander'
import { readProcessFile } from '../../host/cluster/process-file.ts'
import { buildImage } from '../../host/image/build.ts'
import type { ImageConfig } from '../../host/image/build.ts'
import type { ImageTarget } from '../../host/image/import.ts'
import { importArchive } from '../../host/image/import.ts'
import { normalizeImageName } from '../../host/image/name.ts'
import { EXIT, UserError } from '../../host/user-error.ts'
import type { CliContext, ImageRow } from '../context.ts'
import type { ClusterFlags, OutputFormat } from '../flags.ts'
import { collect, existingCluster, nameFlag, withCluster, withExamples, withOutput } from '../flags.ts'
import { humanBytes, print, table } from '../print.ts'

/** `skiff image` */
export function imageCommand(context: CliContext): Command {
  const command = new Command('image').description("load, build and list the images of a cluster's node")
  return command.addCommand(loadCommand(context)).addCommand(buildCommand(context)).addCommand(listCommand(context))
}

function loadCommand(context: CliContext): Command {
  const command = withCluster(
    new Command('load').description('import an image archive, so that pods can use it at once'),
  )
    .argument('<file>', 'a tar file: an OCI image layout, or what docker save writes')
    .option('--as <image>', 'the name of an image that carries none of its own')
    .action(async (file: string, flags: ClusterFlags & { as?: string }) => {
      const names = await importArchive(imageTarget(flags), file, flags.as)
      for (const name of names) context.out.write(`loaded ${name}\n`)
    })
  return withExamples(command, [
    ['docker save web:1 -o web.tar && skiff image load web.tar', 'what Docker built'],
    ['skiff image load layout.tar --as web:1', 'an archive whose image has only a tag'],
  ])
}

interface BuildFlags extends ClusterFlags {
  readonly tag: string
  readonly entrypoint?: string
  readonly cmd?: string
  readonly env?: string[]
  readonly user?: string
  readonly workdir?: string
  readonly port?: string[]
  readonly keepOwners?: boolean
  readonly output?: string
}

function buildCommand(context: CliContext): Command {
  const command = withCluster(
    new Command('build').description('make an image of a root filesystem folder, and load it'),
  )
    .argument('<dir>', 'the folder that becomes /')
    .requiredOption('-t, --tag <image>', 'its name, such as web:1')
    .option('--entrypoint <command>', 'what it runs: words, or a JSON array')
    .option('--cmd <command>', 'the arguments it runs with unless a pod gives others')
    .option('-e, --env <KEY=VALUE>', 'an environment variable; may be given again', collect)
    .option('-u, --user <user>', 'who runs it: a name or a number, with a group after a colon if you like')
    .option('-w, --workdir <dir>', 'where it starts')
    .option('-p, --port <port>', 'a port that it listens on; may be given again', collect)
    .option('--keep-owners', 'keep the owners of files; without it all belong to root')
    .option('-o, --output <file>', 'write the archive there instead of loading it')
    .action((dir: string, flags: BuildFlags) => build(context, dir, flags))
  return withExamples(command, [
    [`skiff image build ./rootfs -t web:1 --entrypoint '/server --port 80'`, 'a server in a folder'],
    ['skiff image build ./rootfs -t web:1 -o web.tar', 'an archive, for another cluster'],
  ])
}

async function build(context: CliContext, folder: string, flags: BuildFlags): Promise<void> {
  await checkFolder(folder)
  const name = normalizeImageName(flags.tag)
  const target = flags.output === undefined ? imageTarget(flags) : undefined
  const scratch = await mkdtemp(join(tmpdir(), 'skiff-build-'))
  try {
    const output = flags.output ?? join(scratch, 'image.tar')
    const digest = await buildImage({
      folder,
      name,
      config: imageConfig(flags),
      keepOwners: flags.keepOwners === true,
      output,
    })
    if (target) await importArchive(target, output)
    context.out.write(`${target ? 'loaded' : 'built'} ${name} ${digest}\n`)
  } finally {
    await rm(scratch, { recursive: true, force: true })
  }
}

async function checkFolder(folder: string): Promise<void> {
  if (existsSync(folder) && (await stat(folder)).isDirectory()) return
  throw new UserError(`${folder} is not a folder`, {
    hints: ['give the folder that shall become the root of the image'],
    exitCode: EXIT.usage,
  })
}

function imageConfig(flags: BuildFlags): ImageConfig {
  const bad = flags.env?.find((pair) => !/^[^=\s]+=/.test(pair))
  if (bad !== undefined) throw new UserError(`--env ${bad} is not KEY=VALUE`, { exitCode: EXIT.usage })
  return {
    ...(flags.entrypoint !== undefined && { entrypoint: parseWords(flags.entrypoint) }),
    ...(flags.cmd !== undefined && { cmd: parseWords(flags.cmd) }),
    ...(flags.env && { env: flags.env }),
    ...(flags.user !== undefined && { user: flags.user }),
    ...(flags.workdir !== undefined && { workingDir: flags.workdir }),
    ...(flags.port && { ports: flags.port }),
  }
}

/** A command as the flags take it: a JSON array of strings, or words with spaces between. */
export function parseWords(text: string): string[] {
  if (!text.trimStart().startsWith('[')) return text.split(/\s+/).filter(Boolean)
  const words = parseJson(text)
  if (Array.isArray(words) && words.every((word) => typeof word === 'string')) return words
  throw new UserError(`${text} is not a JSON array of strings`, { exitCode: EXIT.usage })
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch (error) {
    throw new UserError(`${text} is not a JSON array of strings`, { exitCode: EXIT.usage, cause: error })
  }
}

function listCommand(context: CliContext): Command {
  const command = withOutput(withCluster(new Command('ls').description('list the images that pods can use')))
  command.action(async (flags: ClusterFlags & { output?: OutputFormat }) => {
    const images = await context.runtimes.listImages(imageTarget(flags).socket)
    print(context, images, flags.output, showImages)
  })
  return withExamples(command, [['skiff image ls -o json', 'for a program to read']])
}

function showImages(images: readonly ImageRow[]): string {
  const rows = images.flatMap(({ names, id, sizeBytes }) =>
    (names.length > 0 ? names : ['<none>']).map((name) => [
      name,
      id.replace('sha256:', '').slice(0, 12),
      humanBytes(sizeBytes),
    ]),
  )
  return table(
    ['IMAGE', 'ID', 'SIZE'],
    rows.sort(([a = ''], [b = '']) => a.localeCompare(b)),
  )
}

/** Where a cluster's images go. A UserError when they can't go anywhere now. */
function imageTarget(flags: ClusterFlags): ImageTarget {
  const { settings, paths } = existingCluster(flags)
  if (settings.runtime === 'simulated') {
    throw new UserError(`the pods of cluster "${settings.name}" are simulated: any image name works there`)
  }
  const endpoint = settings.containerRuntimeEndpoint
  if (endpoint !== undefined) return { socket: endpoint.replace(/^unix:\/\//, '') }
  if (!readProcessFile(paths.containerd.pidFile)) {
    throw new UserError(`cluster "${settings.name}" does not run`, {
      hints: [`start it: skiff up${nameFlag(settings.name)}`],
      exitCode: EXIT.notRunning,
    })
  }
  return { socket: paths.containerd.socket }
}
