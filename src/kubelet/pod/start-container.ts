import type * as cri from '../cri/generated/types.ts'
import type { Init } from '../cri/init.ts'
import { containerConfig } from '../container/config.ts'
import { environment, type Environment } from '../container/env.ts'
import { planDevices } from '../container/devices.ts'
import { planMounts, type MountedVolume } from '../container/mounts.ts'
import { linuxResources } from '../container/resources.ts'
import { linuxSecurityContext, verifyNonRoot } from '../container/security.ts'
import type { ReadyImage } from '../images/puller.ts'
import { runHook } from '../lifecycle/hooks.ts'
import { refsOf } from '../objects/refs.ts'
import { findContainer, type ObservedContainer } from '../runtime/observed.ts'
import { hostsFile, managesHosts } from '../sandbox/hosts.ts'
import { detailOf, StartError, textOf } from '../start-error.ts'
import { containerEvent } from './event.ts'
import { killContainer } from './kill.ts'
import type { PodMeans } from './means.ts'
import { uidOf, type Container, type Pod } from './spec.ts'

/** Where a container is to be started. */
export interface StartPlace {
  readonly sandboxId: string
  readonly sandbox: Init<cri.PodSandboxConfig>
  readonly podIPs: readonly string[]
  readonly volumes: ReadonlyMap<string, MountedVolume>
  /** The round that the plan is of. */
  readonly roundMs: number
  /** Stops waiting for a postStart hook. */
  readonly signal: AbortSignal
}

const USER_AGENT = 'kube-lifecycle/1.36'

/**
 * Creates and starts a container whose image is there, and runs its postStart hook (upstream's startContainer). Rejects with a
 * StartError, having recorded the event.
 */
export async function startContainer(
  pod: Pod,
  container: Container,
  image: ReadyImage,
  place: StartPlace,
  means: PodMeans,
): Promise<void> {
  const { runtime, observed, events } = means
  const event = (type: 'Normal' | 'Warning', reason: string, message: string): void =>
    containerEvent(events, pod, container, type, reason, message)
  const failed = (reason: string, error: unknown): never => {
    const message = detailOf(error)
    event('Warning', 'Failed', `Error: ${message}`)
    throw new StartError(reason, message)
  }
  const config = await configFor(pod, container, image, place, means).catch((error: unknown) =>
    failed('CreateContainerConfigError', error),
  )
  const id = await runtime
    .createContainer(place.sandboxId, config, place.sandbox)
    .catch((error: unknown) => failed('CreateContainerError', error))
  event('Normal', 'Created', 'Container created')
  await runtime.startContainer(id).catch(async (error: unknown) => {
    await observed.refreshContainer(id, place.sandboxId)
    failed('RunContainerError', error)
  })
  event('Normal', 'Started', 'Container started')
  const started = await observed.refreshContainer(id, place.sandboxId)
  if (started && container.lifecycle?.postStart) await postStart(pod, container, started, place, means)
}

async function postStart(
  pod: Pod,
  container: Container,
  started: ObservedContainer,
  place: StartPlace,
  means: PodMeans,
): Promise<void> {
  const { runtime, host, env, events } = means
  const handler = container.lifecycle?.postStart
  if (!handler) return
  const target = { pod, container, containerId: started.id, podIP: place.podIPs[0] ?? '' }
  try {
    await runHook(handler, target, { runtime, network: host.network, env, userAgent: USER_AGENT }, place.signal)
  } catch (error) {
    if (place.signal.aborted) throw error
    containerEvent(events, pod, container, 'Warning', 'FailedPostStartHook', 'PostStartHook failed')
    await killContainer(
      {
        pod,
        container: started,
        message: 'FailedPostStartHook',
        reason: 'FailedPostStartHook',
        signal: place.signal,
        hooked: new Set(),
      },
      means,
    )
    throw new StartError('PostStartHookError', textOf(error))
  }
}

async function configFor(
  pod: Pod,
  container: Container,
  image: ReadyImage,
  place: StartPlace,
  means: PodMeans,
): Promise<Init<cri.ContainerConfig>> {
  const { config, host, observed } = means
  const uid = uidOf(pod)
  verifyNonRoot(pod, container, image.user)
  const { variables, skipped } = await environmentOf(pod, container, place, means)
  warnOfSkipped(pod, container, skipped, means)
  const pods = observed.get(uid)
  const last = pods && findContainer(pods, container.name)
  const restartCount = last ? last.restartCount + 1 : (knownRestarts(pod, container.name) ?? 0)
  const mounts = await mountsOf(pod, container, variables, place, means)
  const devices = planDevices(container, place.volumes)
  await host.files.mkdir(`${place.sandbox.logDirectory}/${container.name}`, 0o755)
  const security = linuxSecurityContext(
    pod,
    container,
    image.user,
    {
      seccompRoot: `${config.rootDir}/seccomp`,
      appArmor: host.machine.appArmor,
      seccompDefault: config.seccompDefault,
    },
    targetOf(pod, container, means),
  )
  const resources = linuxResources(pod, container, { machine: host.machine, cgroupVersion: host.cgroups.version })
  const imageRef = image.ref
  const { roundMs } = place
  return containerConfig(pod, container, {
    restartCount,
    roundMs,
    imageRef,
    variables,
    mounts,
    devices,
    resources,
    security,
  })
}

/** The count that the status tells, for a container of which nothing is left to count on from. */
function knownRestarts(pod: Pod, name: string): number | undefined {
  const statuses = [...(pod.status?.containerStatuses ?? []), ...(pod.status?.initContainerStatuses ?? [])]
  const known = statuses.find((status) => status.name === name)
  return known?.containerID === undefined ? undefined : known.restartCount + 1
}

/** The container whose processes an ephemeral one is to see. */
function targetOf(pod: Pod, container: Container, { observed }: PodMeans): string | undefined {
  const name = pod.spec.ephemeralContainers?.find((ephemeral) => ephemeral.name === container.name)?.targetContainerName
  if (!name) return undefined
  const pods = observed.get(uidOf(pod))
  const target = pods && findContainer(pods, name)
  if (target?.state !== 'running') throw new Error(`unable to find target container ${JSON.stringify(name)}`)
  return target.id
}

async function environmentOf(pod: Pod, container: Container, place: StartPlace, means: PodMeans): Promise<Environment> {
  const { objects, node } = means
  const { namespace = '' } = pod.metadata
  const found = new Map<string, unknown>()
  const [services] = await Promise.all([
    objects.services(),
    ...refsOf({ ...pod, spec: { containers: [container] } }).map(async ({ kind, name }) => {
      const object =
        kind === 'ConfigMap' ? await objects.configMap(namespace, name) : await objects.secret(namespace, name)
      found.set(`${kind}/${name}`, object)
    }),
  ])
  const files = await envFiles(container, place.volumes, means)
  return environment(pod, container, {
    podIPs: place.podIPs,
    hostIPs: node.hostIPs,
    allocatable: node.allocatable,
    services,
    configMap: (name) => found.get(`ConfigMap/${name}`) as Awaited<ReturnType<typeof objects.configMap>>,
    secret: (name) => found.get(`Secret/${name}`) as Awaited<ReturnType<typeof objects.secret>>,
    envFile: (volume, path, key) => files.get(`${volume}/${path}`)?.get(key),
  })
}

const MAX_ENV_FILE_BYTES = 1024 * 1024

/** The files of variables that a container's environment takes from volumes, by volume and path. */
async function envFiles(
  container: Container,
  volumes: ReadonlyMap<string, MountedVolume>,
  { host }: PodMeans,
): Promise<ReadonlyMap<string, ReadonlyMap<string, string>>> {
  const files = new Map<string, ReadonlyMap<string, string>>()
  for (const { valueFrom } of container.env ?? []) {
    const ref = valueFrom?.fileKeyRef
    const volume = ref && volumes.get(ref.volumeName)
    if (!volume) continue
    const bytes = await host.files.readWithin(volume.hostPath, ref.path, MAX_ENV_FILE_BYTES).catch(() => undefined)
    if (bytes) files.set(`${ref.volumeName}/${ref.path}`, parseEnvFile(new TextDecoder().decode(bytes)))
  }
  return files
}

/** `KEY='value'` lines; blank ones and those that begin with # are passed over. */
function parseEnvFile(text: string): ReadonlyMap<string, string> {
  const variables = new Map<string, string>()
  for (const [, key = '', value = ''] of text.matchAll(/^\s*([^#\s=][^=\n]*?)\s*='([^']*)'\s*$/gm))
    variables.set(key, value)
  return variables
}

function warnOfSkipped(pod: Pod, container: Container, skipped: Environment['skipped'], { events }: PodMeans): void {
  for (const [source, keys] of skipped) {
    const message = `Keys [${keys.join(', ')}] from the EnvFrom ${source} were skipped since they are considered invalid environment variable names.`
    containerEvent(events, pod, container, 'Warning', 'InvalidEnvironmentVariableNames', message)
  }
}

async function mountsOf(
  pod: Pod,
  container: Container,
  variables: ReadonlyMap<string, string>,
  { volumes, podIPs }: StartPlace,
  means: PodMeans,
): Promise<Init<cri.Mount>[]> {
  const { config, volumes: podVolumes } = means
  const planned = planMounts(container, volumes, (name) => variables.get(name))
  const mounts = await Promise.all(
    planned.map(async (mount, index): Promise<Init<cri.Mount>> => ({
      containerPath: mount.containerPath,
      readonly: mount.readOnly,
      recursiveReadOnly: mount.recursiveReadOnly,
      propagation: mount.propagation,
      ...(mount.volume.image
        ? { image: mount.volume.image, imageSubPath: mount.subPath }
        : { hostPath: await podVolumes.pathOf(pod, container.name, index, mount) }),
    })),
  )
  const podDir = `${config.rootDir}/pods/${uidOf(pod)}`
  const hosts =
    managesHosts(planned.map(({ containerPath }) => containerPath)) &&
    (podIPs.length > 0 || pod.spec.hostNetwork === true)
  const own = await Promise.all([
    ...(hosts ? [hostsMount(pod, podDir, podIPs, means)] : []),
    ...(container.terminationMessagePath ? [terminationMount(container, podDir, means)] : []),
  ])
  return [...mounts, ...own]
}

async function hostsMount(
  pod: Pod,
  podDir: string,
  podIPs: readonly string[],
  { host, config }: PodMeans,
): Promise<Init<cri.Mount>> {
  const nodeHosts =
    pod.spec.hostNetwork === true
      ? new TextDecoder().decode(await host.files.read('/etc/hosts').catch(() => new Uint8Array()))
      : ''
  await host.files.mkdir(podDir, 0o750)
  await host.files.write(`${podDir}/etc-hosts`, hostsFile(pod, podIPs, config.clusterDns.domain, nodeHosts), 0o644)
  return { containerPath: '/etc/hosts', hostPath: `${podDir}/etc-hosts` }
}

/** A file for the container's last words, which anyone in it may write. */
async function terminationMount(
  container: Container,
  podDir: string,
  { host, env }: PodMeans,
): Promise<Init<cri.Mount>> {
  const dir = `${podDir}/containers/${container.name}`
  const name = Array.from(env.random.bytes(4), (byte) => byte.toString(16).padStart(2, '0')).join('')
  await host.files.mkdir(dir, 0o755)
  await host.files.write(`${dir}/${name}`, '', 0o666)
  return { containerPath: container.terminationMessagePath ?? '', hostPath: `${dir}/${name}` }
}
