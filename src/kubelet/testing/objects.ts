import { hashOf } from '../plan/hash.ts'
import type { Container, Pod } from '../pod/spec.ts'
import type { ObservedContainer, ObservedPod, ObservedSandbox } from '../runtime/observed.ts'

/** A pod of one container, with what a test says different. */
export function testPod(spec: Partial<Pod['spec']> = {}, rest: Partial<Pod> = {}): Pod {
  return {
    metadata: { name: 'web', namespace: 'default', uid: 'u1', generation: 1, ...rest.metadata },
    spec: { containers: [{ name: 'app', image: 'busybox:1' }], restartPolicy: 'Always', ...spec },
    ...(rest.status && { status: rest.status }),
  }
}

/** A sandbox that is up. */
export function testSandbox(different: Partial<ObservedSandbox> = {}): ObservedSandbox {
  return { id: 's0', attempt: 0, ready: true, createdAtMs: 0, ips: ['10.0.0.2'], hostNetwork: false, ...different }
}

/** An instance of a container, running in sandbox `s0` unless told otherwise. */
export function testContainer(container: Container, different: Partial<ObservedContainer> = {}): ObservedContainer {
  return {
    id: `${container.name}-0`,
    sandboxId: 's0',
    name: container.name,
    state: 'running',
    restartCount: 0,
    createdAtMs: 1000,
    startedAtMs: 2000,
    finishedAtMs: different.state === 'exited' ? 3000 : 0,
    exitCode: 0,
    reason: '',
    message: '',
    image: container.image ?? '',
    imageRef: 'sha256:1',
    hash: hashOf(container),
    logPath: '',
    graceSeconds: 30,
    preStop: '',
    roundMs: 0,
    ...different,
  }
}

/** What the runtime has of `testPod`. */
export function testObserved(
  containers: readonly ObservedContainer[] = [],
  sandboxes: readonly ObservedSandbox[] = [testSandbox()],
): ObservedPod {
  return { uid: 'u1', name: 'web', namespace: 'default', sandboxes, containers }
}
