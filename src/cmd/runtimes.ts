import type { Runtimes } from '../cli/context.ts'
import type { CriClient } from '../kubelet/cri/grpc/client.ts'

/** Containers of the node agent carry their pod's grace here (kubelet's container labels and annotations). */
const GRACE_ANNOTATION = 'io.kubernetes.pod.terminationGracePeriod'
const UID_LABEL = 'io.kubernetes.pod.uid'

/** What commands ask of a container runtime, over CRI. gRPC is loaded when the first of them asks. */
export const criRuntimes: Runtimes = {
  stopPods: (endpoint, options) => withClient(endpoint, (client) => stopPods(client, options)),
  listImages: (endpoint) =>
    withClient(endpoint, async ({ images }) => {
      const found = await images.listImages()
      return found.map(({ id, repoTags, size }) => ({ id, names: repoTags, sizeBytes: Number(size) }))
    }),
}

async function withClient<T>(endpoint: string, use: (client: CriClient) => Promise<T>): Promise<T> {
  const { criClient } = await import('../kubelet/cri/grpc/client.ts')
  const client = criClient({ endpoint })
  try {
    return await use(client)
  } finally {
    client.close()
  }
}

async function stopPods(
  { runtime }: CriClient,
  { graceSeconds, owns }: Parameters<Runtimes['stopPods']>[1],
): Promise<number> {
  const sandboxes = (await runtime.listPodSandbox()).filter(
    ({ state, metadata }) => state === 'SANDBOX_READY' && owns(metadata?.uid ?? ''),
  )
  const containers = (await runtime.listContainers({ state: { state: 'CONTAINER_RUNNING' } })).filter(({ labels }) =>
    owns(labels[UID_LABEL] ?? ''),
  )
  await Promise.all(
    containers.map(({ id, annotations }) => {
      const wanted = Number(annotations[GRACE_ANNOTATION] ?? graceSeconds)
      return runtime.stopContainer(id, Math.min(wanted, graceSeconds))
    }),
  )
  await Promise.all(sandboxes.map(({ id }) => runtime.stopPodSandbox(id)))
  return sandboxes.length
}
