import { hasCode } from '../cri/error.ts'
import type * as cri from '../cri/generated/types.ts'
import type { RuntimeService } from '../cri/services.ts'
import {
  LABELS,
  nothingObserved,
  observeContainer,
  observeSandbox,
  type ObservedContainer,
  type ObservedPod,
  type ObservedSandbox,
} from './observed.ts'

/** Reads what an ended container has left as its last words. */
export type TerminationMessage = (status: cri.ContainerStatus) => Promise<string>

export interface RuntimePodsOptions {
  readonly runtime: RuntimeService
  readonly terminationMessage: TerminationMessage
  /** Something of this pod is not as it was. Called after the change. */
  readonly onChange: (uid: string) => void
}

/**
 * What the runtime has, by pod. Kept in step by asking about one container or sandbox at a time, when it has been touched or
 * an event named it, and about everything at the start or when events may have been missed.
 */
export class RuntimePods {
  readonly #options: RuntimePodsOptions
  readonly #pods = new Map<string, ObservedPod>()
  /** The pod's uid by container or sandbox id. */
  readonly #owners = new Map<string, string>()

  /** Called after each change. */
  readonly #lookers = new Set<() => void>()

  constructor(options: RuntimePodsOptions) {
    this.#options = options
  }

  get(uid: string): ObservedPod | undefined {
    return this.#pods.get(uid)
  }

  all(): Iterable<ObservedPod> {
    return this.#pods.values()
  }

  /** Aborts when a container of the pod does not run any more; forgets about it when `signal` aborts. */
  ended(uid: string, id: string, signal: AbortSignal): AbortSignal {
    const over = new AbortController()
    const look = (): void => {
      if (this.get(uid)?.containers.find((container) => container.id === id)?.state === 'running') return
      over.abort()
      this.#lookers.delete(look)
    }
    this.#lookers.add(look)
    signal.addEventListener('abort', () => this.#lookers.delete(look), { once: true })
    look()
    return over.signal
  }

  /** Which pod a container or sandbox belongs to. */
  ownerOf(id: string): string | undefined {
    return this.#owners.get(id)
  }

  /** Looks at everything; reads in full only what is new or has changed state. */
  async relist(): Promise<void> {
    const { runtime } = this.#options
    const [sandboxes, containers] = await Promise.all([runtime.listPodSandbox(), runtime.listContainers()])
    const seen = new Set([...sandboxes, ...containers].map(({ id }) => id))
    for (const id of this.#owners.keys()) if (!seen.has(id)) this.#forget(id)
    const work = [
      ...sandboxes
        .filter((s) => this.#sandbox(s.id)?.ready !== (s.state === 'SANDBOX_READY'))
        .map((s) => this.refreshSandbox(s.id)),
      ...containers
        .filter((c) => STATE_OF[c.state] !== this.#container(c.id)?.state)
        .map((c) => this.refreshContainer(c.id, c.podSandboxId)),
    ]
    await Promise.all(work)
  }

  /** Asks the runtime about a container, which is in `sandboxId` (known by itself later on). Resolves to what it is now, undefined when it is gone. */
  async refreshContainer(
    id: string,
    sandboxId = this.#container(id)?.sandboxId ?? '',
  ): Promise<ObservedContainer | undefined> {
    const { runtime, terminationMessage } = this.#options
    const response = await runtime.containerStatus(id).catch(ignoreNotFound)
    const status = response?.status
    const uid = status?.labels[LABELS.podUid]
    if (!status || uid === undefined) return this.#forget(id)
    const known = this.#container(id)
    const message =
      status.state !== 'CONTAINER_EXITED'
        ? ''
        : known?.state === 'exited'
          ? known.message
          : await terminationMessage(status)
    const container = observeContainer(status, sandboxId, message)
    // Answers may overtake each other, and nothing that has ended runs again.
    const newest = this.#container(id)
    if (newest?.state === 'exited' && container.state !== 'exited') return newest
    this.#put(uid, status.labels, container.id, (pod) => ({
      ...pod,
      containers: newestFirst([...pod.containers.filter((c) => c.id !== id), container]),
    }))
    return container
  }

  /** Asks the runtime about a sandbox. Resolves to what it is now, undefined when it is gone. */
  async refreshSandbox(id: string): Promise<ObservedSandbox | undefined> {
    const response = await this.#options.runtime.podSandboxStatus(id).catch(ignoreNotFound)
    const status = response?.status
    const uid = status?.metadata?.uid
    if (!status || uid === undefined) return this.#forget(id)
    const sandbox = observeSandbox(status)
    this.#put(uid, status.labels, id, (pod) => ({
      ...pod,
      sandboxes: newestFirst([...pod.sandboxes.filter((s) => s.id !== id), sandbox]),
    }))
    return sandbox
  }

  /** Asks about a container or sandbox by its id. Resolves to whether it still runs. */
  async refresh(id: string): Promise<boolean> {
    if (this.#sandbox(id)) return (await this.refreshSandbox(id))?.ready === true
    return (await this.refreshContainer(id))?.state === 'running'
  }

  /** Takes note that a container or sandbox has been removed. */
  forget(id: string): void {
    this.#forget(id)
  }

  #forget(id: string): undefined {
    const uid = this.#owners.get(id)
    const pod = uid === undefined ? undefined : this.#pods.get(uid)
    this.#owners.delete(id)
    if (uid === undefined || !pod) return
    const sandboxes = pod.sandboxes.filter((sandbox) => sandbox.id !== id)
    const containers = pod.containers.filter((container) => container.id !== id)
    if (sandboxes.length + containers.length === 0) this.#pods.delete(uid)
    else this.#pods.set(uid, { ...pod, sandboxes, containers })
    this.#changed(uid)
  }

  #changed(uid: string): void {
    this.#options.onChange(uid)
    for (const look of this.#lookers) look()
  }

  #put(uid: string, labels: Record<string, string>, id: string, change: (pod: ObservedPod) => ObservedPod): void {
    const before =
      this.#pods.get(uid) ??
      nothingObserved({ uid, name: labels[LABELS.podName] ?? '', namespace: labels[LABELS.podNamespace] ?? '' })
    this.#owners.set(id, uid)
    this.#pods.set(uid, change(before))
    this.#changed(uid)
  }

  #container(id: string): ObservedContainer | undefined {
    const uid = this.#owners.get(id)
    return uid === undefined ? undefined : this.#pods.get(uid)?.containers.find((container) => container.id === id)
  }

  #sandbox(id: string): ObservedSandbox | undefined {
    const uid = this.#owners.get(id)
    return uid === undefined ? undefined : this.#pods.get(uid)?.sandboxes.find((sandbox) => sandbox.id === id)
  }
}

const STATE_OF: Readonly<Record<cri.ContainerState, ObservedContainer['state']>> = {
  CONTAINER_CREATED: 'created',
  CONTAINER_RUNNING: 'running',
  CONTAINER_EXITED: 'exited',
  CONTAINER_UNKNOWN: 'unknown',
}

function ignoreNotFound(error: unknown): undefined {
  if (!hasCode(error, 'NotFound')) throw error
}

function newestFirst<T extends { readonly createdAtMs: number; readonly id: string }>(list: readonly T[]): T[] {
  return list.toSorted((a, b) => b.createdAtMs - a.createdAtMs)
}
