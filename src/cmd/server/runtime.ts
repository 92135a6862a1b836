import { join } from 'node:path'
import type { ClusterPaths } from '../../host/cluster/paths.ts'
import { firstNodeCidr } from '../../host/cluster/resolve.ts'
import type { ClusterSettings } from '../../host/cluster/settings.ts'
import { hostNames } from '../../host/cluster/host-names.ts'
import { socketAnswers } from '../../host/containerd/connection.ts'
import { prepareContainerd } from '../../host/containerd/prepare.ts'
import { stopContainerd, superviseContainerd } from '../../host/containerd/supervise.ts'
import { PAUSE_IMAGE, ensurePauseImage } from '../../host/image/pause.ts'
import { allowForwarding } from '../../host/network/forwarding.ts'
import { writePodNetwork } from '../../host/network/pod-network.ts'
import { gatherFacts } from '../../host/preflight/facts.ts'
import { EXIT, UserError } from '../../host/user-error.ts'
import type { Env } from '../../lib/env.ts'

/** The container runtime of this node. */
export interface NodeRuntime {
  /** The path of its CRI socket. */
  readonly endpoint: string
  /** Resolves when the image of the pause process is there; pods need it. */
  readonly pauseImage: Promise<void>
  /** Takes back what was started here, when the server cannot start after all. */
  undo(): Promise<void>
}

export interface RuntimeOptions {
  readonly settings: ClusterSettings
  readonly paths: ClusterPaths
  readonly env: Env
  readonly signal: AbortSignal
}

/** Sees to it that a container runtime answers: the one that was named, or a containerd of the cluster's own. */
export async function startRuntime(options: RuntimeOptions): Promise<NodeRuntime> {
  const named = options.settings.containerRuntimeEndpoint
  return named === undefined ? startOwn(options) : useNamed(named.replace(/^unix:\/\//, ''))
}

async function useNamed(endpoint: string): Promise<NodeRuntime> {
  if (await socketAnswers(endpoint)) {
    return { endpoint, pauseImage: Promise.resolve(), undo: () => Promise.resolve() }
  }
  throw new UserError(`no container runtime answers on ${endpoint}`, {
    hints: ['start it, or leave --container-runtime-endpoint out to have one started'],
    exitCode: EXIT.hostNotReady,
  })
}

async function startOwn({ settings, paths, env, signal }: RuntimeOptions): Promise<NodeRuntime> {
  const facts = gatherFacts(paths.root)
  const { socket } = paths.containerd
  const names = hostNames(paths)
  writePodNetwork(paths, { bridge: names.bridge, nodeCidr: firstNodeCidr(settings.podCidr) })
  await allowForwarding(names.bridge)
  await prepareContainerd(paths, facts, PAUSE_IMAGE)
  const program = facts.programs.get('containerd') ?? 'containerd'
  const cgroup = join(names.cgroup, 'containerd')
  const { adopted } = await superviseContainerd({ program, paths, cgroup, env, signal })
  env.log.info(adopted ? 'adopted the containerd that runs' : 'started containerd', { socket })
  const pauseImage = ensurePauseImage({ socket }, facts)
  pauseImage.catch((error: unknown) => env.log.error('the pause image could not be made', { err: error }))
  return { endpoint: socket, pauseImage, undo: () => (adopted ? Promise.resolve() : stopContainerd(env, paths)) }
}
