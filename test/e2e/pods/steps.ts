import assert from 'node:assert/strict'
import type { TestCluster } from '../cluster.ts'
import { eventually } from '../eventually.ts'
import type { Kubectl } from '../kubectl/kubectl.ts'

/** What the cases of this folder do with pods, in a namespace of their own. */
export interface PodSteps {
  readonly cluster: TestCluster
  kubectl(): Kubectl
  create(object: object): Promise<string>
  /** A value of a pod, by JSONPath. */
  get(pod: string, path: string): Promise<string>
  /** A value of its first container's status. */
  status(pod: string, path: string): Promise<string>
  /** Waits until a value is as wanted. */
  becomes(pod: string, path: string, wanted: RegExp): Promise<void>
  /** Waits until kubectl prints such an Event. */
  hasEvent(pod: string, wanted: RegExp): Promise<void>
  ended(pod: string, phase: 'Succeeded' | 'Failed'): Promise<void>
  /** What a pod has printed when it has ended well. */
  output(pod: string): Promise<string>
}

/** The steps, with the kubectl that there is when they are taken. */
export function podSteps(cluster: TestCluster, kubectl: () => Kubectl): PodSteps {
  const get = (pod: string, path: string): Promise<string> => kubectl().value(path, 'get', 'pod', pod)
  const becomes = (pod: string, path: string, wanted: RegExp): Promise<void> =>
    eventually(async () => assert.match(await get(pod, path), wanted))
  const ended = (pod: string, phase: string): Promise<void> => becomes(pod, '{.status.phase}', new RegExp(`^${phase}$`))
  return {
    cluster,
    kubectl,
    create: (object) => kubectl().feed(object, 'create', '-f', '-'),
    get,
    status: (pod, path) => get(pod, `{.status.containerStatuses[0]${path}}`),
    becomes,
    hasEvent: (pod, wanted) =>
      eventually(async () => assert.match(await kubectl().ok('events', '--for', `pod/${pod}`), wanted)),
    ended,
    async output(pod) {
      await ended(pod, 'Succeeded')
      return kubectl().ok('logs', pod)
    },
  }
}
