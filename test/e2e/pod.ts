import { BUSYBOX } from './cluster.ts'

/** A container of a test: what is not said is what Kubernetes makes of it. */
export type ContainerFields = Readonly<Record<string, unknown>>

/** A container of busybox that runs a line of shell. */
export function shellContainer(name: string, line: string, more: ContainerFields = {}): object {
  return { name, image: BUSYBOX, command: ['sh', '-c', line], ...more }
}

/** A pod that ends at once when it is told to. */
export function pod(name: string, spec: Readonly<Record<string, unknown>>, metadata: object = {}): object {
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name, labels: { app: name }, ...metadata },
    spec: { terminationGracePeriodSeconds: 0, ...spec },
  }
}

/** A pod of one container that runs a line of shell. */
export function shellPod(
  name: string,
  line: string,
  more: { container?: ContainerFields; spec?: object } = {},
): object {
  return pod(name, { containers: [shellContainer('main', line, more.container)], ...more.spec })
}

/** A line that waits for ever, and ends when told to. */
export const IDLE = 'trap exit TERM; sleep 10000 & wait'
