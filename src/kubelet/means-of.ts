import { pods as podResource } from '../api/core/v1/pod.ts'
import { serviceAccounts } from '../api/core/v1/serviceaccount.ts'
import { hasReason } from '../apimachinery/status.ts'
import type { Client } from '../client/client.ts'
import type { EventRecorder } from '../client/events.ts'
import { sleep } from '../lib/clock.ts'
import type { Env } from '../lib/env.ts'
import { Backoff } from './backoff.ts'
import { ImagePuller } from './images/puller.ts'
import type { KubeletOptions } from './kubelet.ts'
import type { NodeAgent } from './node/node-agent.ts'
import { containerEvent } from './pod/event.ts'
import { Gate } from './pod/gate.ts'
import type { NodeFacts, PodMeans } from './pod/means.ts'
import type { Resources } from './pod/resources.ts'
import { uidOf, type Pod } from './pod/spec.ts'
import { PodProbes } from './probes/pod-probes.ts'
import type { Probes } from './probes/probes.ts'
import { RuntimePods } from './runtime/pods.ts'
import { terminationMessage } from './runtime/termination-message.ts'
import type { SharedParts } from './shared.ts'
import { VolumeMounter } from './volumes/mounter.ts'
import type { PodVolumes } from './volumes/pod-volumes.ts'
import { Tokens, type IssueToken } from './volumes/tokens.ts'

const CRASH_BACKOFF_MS = { first: 10_000, most: 300_000 }
const PROBE_USER_AGENT = 'kube-probe/1.36'

/** What the means are made of besides the options. */
export interface OwnParts {
  readonly shared: SharedParts
  readonly node: NodeAgent
  readonly events: EventRecorder
  readonly grant: PodMeans['allocate']
  readonly mirrorOf: PodMeans['mirrorOf']
}

/** Makes what the workers of a node's pods work with. */
export function meansOf(options: KubeletOptions, { shared, node, events, grant, mirrorOf }: OwnParts): PodMeans {
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
    mirrorOf,
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
