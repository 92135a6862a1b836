import { readFileSync } from 'node:fs'
import { networkInterfaces } from 'node:os'
import { isErrno } from '../../host/user-error.ts'

/**
 * The address that others reach this machine by: that of the interface with the default route, else the first that isn't
 * loopback, else loopback.
 */
export function nodeAddress(): string {
  const interfaces = networkInterfaces()
  const addressOf = (name: string): string | undefined =>
    interfaces[name]?.find(({ family, internal }) => family === 'IPv4' && !internal)?.address
  const route = defaultRouteInterface(readRoutes())
  const byRoute = route === undefined ? undefined : addressOf(route)
  return byRoute ?? Object.keys(interfaces).map(addressOf).find(Boolean) ?? '127.0.0.1'
}

/** The interface of the default route with the least metric, in /proc/net/route's format. */
export function defaultRouteInterface(routes: string): string | undefined {
  const rows = routes.split('\n').map((line) => line.split('\t'))
  const defaults = rows.filter(([, destination, , , , , , mask]) => destination === '00000000' && mask === '00000000')
  return defaults.sort((a, b) => Number(a[6]) - Number(b[6]))[0]?.[0]
}

function readRoutes(): string {
  try {
    return readFileSync('/proc/net/route', 'utf8')
  } catch (error) {
    if (isErrno(error, 'ENOENT')) return ''
    throw error
  }
}
