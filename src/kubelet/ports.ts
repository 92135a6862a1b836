import { allContainers, type Container, type Pod } from './pod/spec.ts'

/** The number of a port given by number or by a container port's name. Throws, in upstream's words, when there is none of that name. */
export function resolvePort(port: number | string, container: Container, pod?: Pod): number {
  if (typeof port === 'number') return inRange(port)
  const own = portNamed(container, port) ?? (pod && firstPort(pod, port))
  if (own !== undefined) return own
  if (/^\d+$/.test(port)) return inRange(Number(port))
  throw new Error(`strconv.Atoi: parsing ${JSON.stringify(port)}: invalid syntax`)
}

function inRange(port: number): number {
  if (port <= 0 || port > 65535) throw new Error(`invalid port number: ${port}`)
  return port
}

function portNamed(container: Container, name: string): number | undefined {
  return container.ports?.find((port) => port.name === name)?.containerPort
}

/** Sidecars' ports may be probed by name from the others. */
function firstPort(pod: Pod, name: string): number | undefined {
  for (const { container } of allContainers(pod)) {
    const port = portNamed(container, name)
    if (port !== undefined) return port
  }
  return undefined
}
