import { createServer, type Server } from 'node:http'
import type { Logger } from '../lib/log.ts'

/** What a load balancer's health check of one Service learns on this node. */
export interface ServiceHealth {
  readonly namespace: string
  readonly name: string
  readonly localEndpoints: number
}

/**
 * Answers health checks of Services with `externalTrafficPolicy: Local` on their healthCheckNodePort, as upstream's proxy: 200 when this
 * node has ready endpoints, 503 when not.
 */
export class HealthCheckServers {
  readonly #log: Logger
  readonly #servers = new Map<number, { readonly server: Server; health: ServiceHealth }>()

  constructor(log: Logger) {
    this.#log = log
  }

  /** Makes the servers be exactly these, by port. */
  update(wanted: ReadonlyMap<number, ServiceHealth>): void {
    for (const [port, { server }] of this.#servers) {
      if (wanted.has(port)) continue
      server.close()
      this.#servers.delete(port)
    }
    for (const [port, health] of wanted) {
      const running = this.#servers.get(port)
      if (running) running.health = health
      else this.#listen(port, health)
    }
  }

  close(): void {
    this.update(new Map())
  }

  #listen(port: number, health: ServiceHealth): void {
    const entry = { health, server: createServer({ requestTimeout: 5000 }) }
    entry.server.on('request', (_request, response) => {
      const { namespace, name, localEndpoints } = entry.health
      response.writeHead(localEndpoints > 0 ? 200 : 503, {
        'content-type': 'application/json',
        'x-load-balancing-endpoint-weight': String(localEndpoints),
      })
      response.end(JSON.stringify({ service: { namespace, name }, localEndpoints, serviceProxyHealthy: true }))
    })
    entry.server.on('error', (err) => this.#log.warn('health check port could not be opened', { port, err }))
    entry.server.listen(port).unref()
    this.#servers.set(port, entry)
  }
}
