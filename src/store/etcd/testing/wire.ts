import { connect, createServer, type AddressInfo, type Socket } from 'node:net'

/** A way to an etcd that a test can cut. */
export interface Wire {
  readonly endpoint: string
  /** Ends all connections and lets none through until `mend`. */
  cut(): void
  mend(): void
  close(): Promise<void>
}

/** Listens on loopback and passes everything on to `endpoint`. */
export async function wireTo(endpoint: string): Promise<Wire> {
  const { hostname, port } = new URL(endpoint)
  const sockets = new Set<Socket>()
  let whole = true
  const server = createServer((client) => {
    if (!whole) return void client.destroy()
    const target = connect(Number(port), hostname)
    for (const [from, to] of [
      [client, target],
      [target, client],
    ] as const) {
      sockets.add(from)
      from.pipe(to)
      from.on('error', () => to.destroy())
      from.on('close', () => {
        sockets.delete(from)
        to.destroy()
      })
    }
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const cut = (): void => {
    whole = false
    for (const socket of sockets) socket.destroy()
  }
  return {
    endpoint: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    cut,
    mend: () => void (whole = true),
    close() {
      cut()
      return new Promise((resolve) => server.close(() => resolve()))
    },
  }
}
