import { pods as podResource } from '../api/core/v1/pod.ts'
import { serviceAccounts } from '../api/core/v1/serviceaccount.ts'
import type { Node } from '../api/generated/types/core/v1.ts'
import type { Frozen } from '../apimachinery/meta.ts'
import { hasReason } from '../apimachinery/status.ts'
import type { Client } from '../client/client.ts'
import type { EventRecorder } from '../client/events.ts'
import { sleep } from '../lib/clock.ts'
import type { Env } from '../lib/env.ts'
import { admit } from './admission/admission.ts'
import { Backoff } from './backoff.ts'
import { keepHouse } from './cleanup/housekeeping.ts'
import { removeLeftovers } from './cleanup/leftovers.ts'
import type { KubeletConfig } from './config.ts'
import type { ImageService, RuntimeService } from './cri/services.ts'
import type { Host } from './host/host.ts'
import { ImagePuller } from './images/puller.ts'
import { keepLease } from './node/lease.ts'
import { NodeAgent } from './node/node-agent.ts'
import { containerEvent } from './pod/event.ts'
import { Gate } from './pod/gate.ts'
import { informerSource } from './pod/informer-source.ts'
import type { NodeFacts, PodMeans } from './pod/means.ts'
import type { Resources } from './pod/resources.ts'
import type { PodSource } from './pod/source.ts'
import { uidOf, type Pod } from './pod/spec.ts'
import { PodWorkers } from './pod/workers.ts'
import { PodProbes } from './probes/pod-probes.ts'
import type { Probes } from './probes/probes.ts'
import { pressureRefusal } from './eviction/plan.ts'
import { QosCgroups } from './qos.ts'
import { allocate, type Allocation } from './resize/allocation.ts'
import { RuntimePods } from './runtime/pods.ts'
import { terminationMessage } from './runtime/termination-message.ts'
import { watchRuntime } from './runtime/watch.ts'
import type { NodeApi } from './server/api.ts'
import { nodeApi } from './server/router.ts'
import { sharedParts, type SharedParts } from './shared.ts'
import { VolumeMounter } from './volumes/mounter.ts'
import type { PodVolumes } from './volumes/pod-volumes.ts'
import { Tokens, type IssueToken } from './volumes/tokens.ts'

/** What a node agent is made of. Pure: whatever touches the machine comes in with `host`, `runtime` and `images`. */
export interface KubeletOptions {
  readonly client: Client
  readonly env: Env
  readonly config: KubeletConfig
  readonly host: Host
  readonly runtime: RuntimeService
  readonly images: ImageService
  /** Where the node's pods come from; an informer of its own when absent. */
  readonly source?: PodSource
  /** What other node agents of this process share with this one. */
  readonly shared?: SharedParts
  /** In place of probes that look. `onChange`: a verdict on one of this pod's containers has changed. */
  readonly probes?: (onChange: (uid: string) => void) => Probes
  /** In place of volumes on the host. */
  readonly volumes?: PodVolumes
  /** In place of a loop of its own that renews the node's lease. */
  readonly lease?: (node: NodeAgent, signal: AbortSignal) => Promise<void>
}

/** A node agent that runs. */
export interface Kubelet {
  /** The Node object as the API last showed it. */
  readonly node: Frozen<Node> | undefined
  readonly pods: PodWorkers
  /** What its server answers. */
  readonly api: NodeApi
  /** Stops everything but the containers: another agent can take over. */
  stop(): Promise<void>
}

const CRASH_BACKOFF_MS = { first: 10_000, most: 300_000 }
const PROBE_USER_AGENT = 'kube-probe/1.36'

/** Starts a node agent: adopts what the runtime has, registers the node, and sees to the pods that are bound to it. Resolves when that is under way. */
export async function startKubelet(options: KubeletOptions): Promise<Kubelet> {
  const { client, env, config, host, runtime, images } = options
  const stop = new AbortController()
  const { signal } = stop
  const shared = options.shared ?? sharedParts({ client, env, signal })
  const events = shared.eventsOf(config.nodeName)
  await host.files.mkdir(config.rootDir, 0o755)
  await host.files.mkdir(config.podLogsDir, 0o755)
  const onChange = (): void => workers.wakeAll()
  const node = new NodeAgent({ client, env, config, host, runtime, images, events, signal, onChange })
  const grant = (pod: Pod): Allocation => allocate(pod, workers.besides(pod), node.node)
  const means = meansOf(options, { shared, node, events, grant })
  const workers: PodWorkers = new PodWorkers({
    means,
    admit: (pod, others) =>
      node.node && (pressureRefusal(pod, node.pressure) ?? admit(pod, others, node.node, host.machine.appArmor)),
    registry: shared.workers,
    onPods: () => qos.changed(),
    onSynced() {
      const known = (uid: string): boolean => workers.get(uid) !== undefined
      removeLeftovers(means, known).catch((err: unknown) => env.log.warn('could not clean up', { err }))
    },
  })
  const qos = new QosCgroups({
    env,
    cgroups: host.cgroups,
    root: config.podsCgroup,
    cpus: host.machine.cpus,
    pods: () => workers.pods(),
  })
  await Promise.all([node.look(), qos.prepare()])
  await means.observed.relist()
  const background = [
    watchRuntime(
      { runtime, pods: means.observed, env, relistMs: config.relistMs, onHealth: (p) => node.runtimeHealth(p) },
      signal,
    ),
    node.register().then(() => follow(options, workers, signal)),
    (options.lease ?? ownLease(options))(node, signal),
    ...(config.housekeeping ? [keepHouse({ means, workers, onPressure: (p) => node.pressed(p) }, signal)] : []),
  ]
  return {
    get node() {
      return node.node
    },
    pods: workers,
    api: nodeApi({ config, means, workers }),
    async stop() {
      stop.abort(new Error('the node agent stops'))
      qos.stop()
      await workers.stop()
      await Promise.allSettled(background)
    },
  }
}

/** Pods are looked at only when the node is registered: what they may use is decided by then. */
function follow({ client, env, config, source }: KubeletOptions, workers: PodWorkers, signal: AbortSignal): void {
  const pods = source ?? informerSource(client, env)
  if (!signal.aborted) pods.follow(config.nodeName, workers, signal)
}

function ownLease({ client, env, config }: KubeletOptions): NonNullable<KubeletOptions['lease']> {
  const { nodeName, leaseSeconds } = config
  return (node, signal) =>
    keepLease({ client, env, nodeName, leaseSeconds, nodeUid: () => node.node?.metadata.uid }, signal)
}

interface OwnParts {
  readonly shared: SharedParts
  readonly node: NodeAgent
  readonly events: EventRecorder
  readonly grant: PodMeans['allocate']
}

function meansOf(options: KubeletOptions, { shared, node, events, grant }: OwnParts): PodMeans {
  const { client, env, config, host, runtime, images } = options
  const { objects, status, workers } = shared
  const wake = (uid: string): void => workers.get(uid)?.wake()
  const facts = factsOf(node)
  const volumes = (): PodVolumes =>
    new VolumeMounter({
      host,
      env,
      root: config.rootDir,
      objects,
      tokens: new Tokens(env, issueToken(client, env), wake),
      allocatable: () => facts.allocatable,
    })
  const probes = (): Probes =>
    new PodProbes({
      means: { runtime, network: host.network, userAgent: PROBE_USER_AGENT },
      env,
      onChange: wake,
      event: (pod, container, type, reason, message) => containerEvent(events, pod, container, type, reason, message),
    })
  return {
    env,
    config,
    runtime,
    imageService: images,
    host,
    images: new ImagePuller({ images, env, parallel: config.maxParallelImagePulls }),
    observed: new RuntimePods({
      runtime,
      terminationMessage: (s) => terminationMessage(host.files, s),
      onChange: wake,
    }),
    volumes: options.volumes ?? volumes(),
    objects,
    probes: options.probes?.(wake) ?? probes(),
    status,
    events,
    crashes: new Backoff(env.clock, CRASH_BACKOFF_MS.first, CRASH_BACKOFF_MS.most),
    starts: new Gate(config.maxParallelStarts),
    node: facts,
    allocate: grant,
    deletePod: (pod) => deletePod(client, pod),
  }
}

function factsOf(node: NodeAgent): NodeFacts {
  return {
    get hostIPs() {
      return node.addresses
    },
    get allocatable(): Resources {
      return node.node?.status?.allocatable ?? {}
    },
    get runtimeName() {
      return node.runtimeName
    },
    get networkProblem() {
      return node.networkProblem
    },
  }
}

/** The node authorizer learns of a pod by a watch of its own, which may be behind for a moment. */
const AUTHORIZER_LAG_MS = [50, 100, 200, 400, 800]

function issueToken(client: Client, { clock }: Env): IssueToken {
  return async (pod, audience, expirationSeconds) => {
    const { namespace = '', name, uid } = pod.metadata
    const request = {
      apiVersion: 'authentication.k8s.io/v1',
      kind: 'TokenRequest',
      spec: {
        audiences: audience ? [audience] : [],
        expirationSeconds,
        boundObjectRef: { apiVersion: 'v1', kind: 'Pod', name, uid },
      },
    }
    const account = `${namespace}/${pod.spec.serviceAccountName ?? 'default'}`
    type Answer = { status: { token: string; expirationTimestamp: string } }
    for (let tries = 0; ; tries++) {
      try {
        const { status } = await client(serviceAccounts).createSubresource<Answer>(account, 'token', request)
        return { token: status.token, expiresAtMs: Date.parse(status.expirationTimestamp) }
      } catch (error) {
        const waitMs = AUTHORIZER_LAG_MS[tries]
        if (!hasReason(error, 'Forbidden') || waitMs === undefined) throw error
        await sleep(clock, waitMs)
      }
    }
  }
}

/** Removes a pod that has ended from the API; one that is gone, or whose name another has by now, is no error. */
async function deletePod(client: Client, pod: Pod): Promise<void> {
  const { name = '', namespace = '' } = pod.metadata
  await client(podResource)
    .delete(`${namespace}/${name}`, { gracePeriodSeconds: 0, preconditions: { uid: uidOf(pod) } })
    .catch((error: unknown) => {
      if (!hasReason(error, 'NotFound', 'Conflict')) throw error
    })
}
