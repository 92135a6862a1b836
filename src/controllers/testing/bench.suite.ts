import { setImmediate } from 'node:timers/promises'
import type { Pod } from '../../api/generated/types/core/v1.ts'
import { builtInResources, events, pods } from '../../api/index.ts'
import type { Frozen, KubeObject } from '../../apimachinery/meta.ts'
import { alwaysAllow } from '../../apiserver/authz/types.ts'
import { handle } from '../../apiserver/inprocess/handle.ts'
import { createApiServer } from '../../apiserver/server.ts'
import type { Client } from '../../client/client.ts'
import type { ControllerDefinition } from '../../client/controller.ts'
import { createClient } from '../../client/create-client.ts'
import { runControllers, type RunningControllers } from '../../client/harness/run.ts'
import { inProcessTransport } from '../../client/inprocess.ts'
import { VirtualClock } from '../../lib/clock.ts'
import type { Env } from '../../lib/env.ts'
import { silentLogger, type Logger } from '../../lib/log.ts'
import { seededRandom } from '../../lib/random.ts'
import { MemoryStore } from '../../store/memory/store.ts'

/** A real API server in memory with controllers at work, in virtual time; objects are frozen. */
export interface ControllerBench {
  readonly client: Client
  readonly clock: VirtualClock
  readonly env: Env
  readonly controllers: RunningControllers
  /** Lets time pass; all work that comes due is done. */
  advance(ms: number): Promise<void>
  /** Lets work come to rest. */
  settle(): Promise<void>
  /** Writes a pod's status as its kubelet would. */
  setPod(pod: Frozen<Pod>, status: Pod['status'], nodeName?: string): Promise<void>
  /** Makes these pods run and be ready. */
  runPods(list: readonly Frozen<Pod>[]): Promise<void>
  /** What was told about an object, as `Reason: message`. */
  eventsOf(object: Frozen<KubeObject>): Promise<string[]>
  stop(): Promise<void>
}

/** Starts a bench with these controllers. */
export async function startBench(
  definitions: readonly ControllerDefinition[],
  log: Logger = silentLogger,
): Promise<ControllerBench> {
  const clock = new VirtualClock()
  const env: Env = { clock, random: seededRandom(7), log }
  const server = createApiServer({
    store: new MemoryStore({ clock }),
    env,
    resources: builtInResources,
    authenticator: { authenticate: () => undefined },
    authorizer: alwaysAllow,
    admission: [],
    freeze: true,
  })
  const transport = inProcessTransport((request, name: string) => handle(server, request, { name, groups: [] }), 'test')
  const client = createClient({ transport, env, userAgent: 'test' })
  const stopping = new AbortController()
  const controllers = runControllers(definitions, { client, env, signal: stopping.signal, freeze: true })
  await controllers.ready
  const settle = (): Promise<void> => settleBench(controllers)
  await settle()
  const setPod: ControllerBench['setPod'] = async (pod, status, nodeName) => {
    if (nodeName)
      await client(pods).createSubresource(pod, 'binding', {
        metadata: { name: pod.metadata.name },
        target: { kind: 'Node', name: nodeName },
      })
    const now = await client(pods).get(pod)
    await client(pods).updateStatus({ ...now, status: { ...now.status, ...status } as Pod['status'] } as Pod)
  }
  return {
    client,
    clock,
    env,
    controllers,
    settle,
    advance: (ms) => clock.advance(ms, settle),
    setPod,
    async runPods(list) {
      const at = new Date(clock.now()).toISOString().replace('.000Z', 'Z')
      for (const pod of list)
        await setPod(pod, { phase: 'Running', conditions: [{ type: 'Ready', status: 'True', lastTransitionTime: at }] })
      await settle()
    },
    async eventsOf({ metadata }) {
      const { items } = await client(events).list({ fieldSelector: `involvedObject.uid=${metadata.uid}` })
      return items.map((event) => `${event.reason}: ${event.message}`)
    },
    async stop() {
      stopping.abort(new Error('test ended'))
      await controllers.stopped
    },
  }
}

/** Turns of the event loop until no controller has work, and a few more for what events set off. */
async function settleBench(controllers: RunningControllers): Promise<void> {
  for (let quiet = 0; quiet < 4; quiet = controllers.idle() ? quiet + 1 : 0) await setImmediate()
}
