import assert from 'node:assert/strict'
import test from 'node:test'
import type * as cri from '../cri/generated/types.ts'
import type { RuntimeService } from '../cri/services.ts'
import { LABELS } from './observed.ts'
import { RuntimePods } from './pods.ts'

const LABELLED = { [LABELS.podUid]: 'uid', [LABELS.podName]: 'web', [LABELS.containerName]: 'main' }

/** What is known of a container whose states the runtime tells one by one, each when the test lets it. */
function watched(): { pods: RuntimePods; answer: ((state: cri.ContainerState) => void)[] } {
  const answer: ((state: cri.ContainerState) => void)[] = []
  const status = (state: cri.ContainerState): cri.ContainerStatus =>
    ({ id: 'c', state, labels: LABELLED, annotations: {} }) as Partial<cri.ContainerStatus> as cri.ContainerStatus
  const runtime = {
    containerStatus: () =>
      new Promise((resolve) => answer.push((state) => resolve({ status: status(state), info: {} }))),
  } as Partial<RuntimeService> as RuntimeService
  const terminationMessage = (): Promise<string> => Promise.resolve('')
  return { pods: new RuntimePods({ runtime, terminationMessage, onChange: () => undefined }), answer }
}

test('an answer that was overtaken brings no container back to life', async () => {
  const { pods, answer } = watched()
  const early = pods.refreshContainer('c', 's')
  const late = pods.refreshContainer('c', 's')
  answer[1]?.('CONTAINER_EXITED')
  await late
  answer[0]?.('CONTAINER_RUNNING')
  assert.equal((await early)?.state, 'exited')
  assert.equal(pods.get('uid')?.containers[0]?.state, 'exited')
})

test('who waits for the end of a container learns of it, or gives up', async () => {
  const { pods, answer } = watched()
  const running = pods.refreshContainer('c', 's')
  answer[0]?.('CONTAINER_RUNNING')
  await running
  const patience = new AbortController()
  const ended = pods.ended('uid', 'c', new AbortController().signal)
  const abandoned = pods.ended('uid', 'c', patience.signal)
  assert.deepEqual([ended.aborted, abandoned.aborted], [false, false])
  patience.abort()
  const exited = pods.refreshContainer('c')
  answer[1]?.('CONTAINER_EXITED')
  await exited
  assert.deepEqual([ended.aborted, abandoned.aborted], [true, false])
})
