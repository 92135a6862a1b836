import { benchNode, benchPod } from '../objects.ts'
import { anonymousMb, read, type Reading } from '../read.ts'
import { cpuSeconds, must, send, type Target } from '../target.ts'
import type { Row, RowContext } from './row.ts'

const PODS = 10_000
const NODES = 20
const RELEASES = 100
const PAGE = 500
const TIMES = 9
const NAMESPACE = 'bench-lists'
const LIST = `/api/v1/namespaces/${NAMESPACE}/pods`
const as = (kind: string): string => `application/json;as=${kind};g=meta.k8s.io;v=v1`

/** One client reads 10,000 pods, all or some, in each form. */
export const listRows: readonly Row[] = [
  listRow('list 10,000 pods', 60, LIST),
  listRow('list 10,000 pods by label, 100 match', undefined, `${LIST}?labelSelector=release%3Dr7`),
  listRow('list 10,000 pods by node, 500 match', undefined, `${LIST}?fieldSelector=spec.nodeName%3D${NAMESPACE}-7`),
  { name: 'list 10,000 pods in pages of 500', unit: 'ms', higherIsBetter: false, measure: measurePages },
  listRow('list 10,000 pods, metadata only', undefined, LIST, as('PartialObjectMetadataList')),
  listRow('list 10,000 pods as a Table', undefined, LIST, as('Table')),
  listRow('list 10,000 pods in protobuf', undefined, LIST, 'application/vnd.kubernetes.protobuf'),
]

function listRow(name: string, mark: number | undefined, path: string, accept?: string): Row {
  return {
    name,
    unit: 'ms',
    higherIsBetter: false,
    ...(mark !== undefined && { mark }),
    async measure(target, { note }) {
      await makePods(target)
      await read(target, path, accept)
      const memory = anonymousMb(target.pids())
      const cpu = cpuSeconds(target.pids())
      const readings: Reading[] = []
      for (let i = 0; i < TIMES; i++) readings.push(await read(target, path, accept))
      const cpuMs = ((cpuSeconds(target.pids()) - cpu) * 1000) / TIMES
      const added = anonymousMb(target.pids()) - memory
      const mb = (readings[0]?.bytes ?? 0) / 1e6
      note(
        `${mb.toFixed(1)} MB, first byte after ${median(readings.map((r) => r.firstByteMs)).toFixed(1)} ms, ` +
          `CPU ${cpuMs.toFixed(0)} ms, memory +${added.toFixed(1)} MB after ${TIMES} lists`,
      )
      return median(readings.map((r) => r.totalMs))
    },
  }
}

async function measurePages(target: Target, { note }: RowContext): Promise<number> {
  await makePods(target)
  const times: number[] = []
  let slowest = 0
  for (let i = 0; i < 3; i++) {
    const started = performance.now()
    for (let token = ''; ;) {
      const from = performance.now()
      const page = await must<{ metadata: { continue?: string } }>(
        target,
        'GET',
        `${LIST}?limit=${PAGE}&continue=${token}`,
      )
      slowest = Math.max(slowest, performance.now() - from)
      token = page.metadata.continue ?? ''
      if (token === '') break
    }
    times.push(performance.now() - started)
  }
  note(`${PODS / PAGE} pages, the slowest ${slowest.toFixed(1)} ms, the client's parsing included`)
  return median(times)
}

/** Makes what is listed, unless an earlier row has: on nodes of their own, so that nobody removes them. */
async function makePods(target: Target): Promise<void> {
  if ((await send(target, 'GET', `${LIST}/listed-${PODS - 1}`)).status === 200) return
  await send(target, 'POST', '/api/v1/namespaces', {
    apiVersion: 'v1',
    kind: 'Namespace',
    metadata: { name: NAMESPACE },
  })
  await send(target, 'POST', `/api/v1/namespaces/${NAMESPACE}/serviceaccounts`, {
    apiVersion: 'v1',
    kind: 'ServiceAccount',
    metadata: { name: 'default' },
  })
  for (let i = 0; i < NODES; i++) await must(target, 'POST', '/api/v1/nodes', benchNode(`${NAMESPACE}-${i}`))
  let next = 0
  const worker = async (): Promise<void> => {
    for (let i = next++; i < PODS; i = next++) await must(target, 'POST', LIST, podOf(i))
  }
  await Promise.all(Array.from({ length: 32 }, worker))
}

function podOf(i: number): unknown {
  const pod = benchPod(`listed-${i}`, `${NAMESPACE}-${i % NODES}`) as { metadata: Record<string, unknown> }
  const labels = { app: 'bench', tier: 'backend', release: `r${i % RELEASES}` }
  return { ...pod, metadata: { ...pod.metadata, namespace: NAMESPACE, labels } }
}

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? NaN
}
