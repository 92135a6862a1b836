import { type ChildProcess, spawn } from 'node:child_process'
import { createServer, type AddressInfo } from 'node:net'
import { once } from 'node:events'
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'

const BIN = resolve(import.meta.dirname, '../../bin/skiff.mjs')

const POLICY = `apiVersion: audit.k8s.io/v1
kind: Policy
omitStages: [RequestReceived]
rules: [{level: Metadata}]
`

/** A `skiff server` with encryption and an audit log that requests wait for, to be killed and started again. */
export class Server {
  readonly #folder: string
  readonly port: number
  #child: ChildProcess | undefined
  #ready: Promise<void> = Promise.resolve()

  private constructor(folder: string, port: number) {
    this.#folder = folder
    this.port = port
  }

  static async start(folder: string): Promise<Server> {
    mkdirSync(folder, { recursive: true })
    writeFileSync(join(folder, 'tokens.csv'), 'admin,admin,1,system:masters\n')
    writeFileSync(join(folder, 'audit.yaml'), POLICY)
    const server = new Server(folder, await freePort())
    server.encryptWith([1])
    server.#ready = server.#start()
    await server.#ready
    return server
  }

  /** Resolves when it answers. */
  back(): Promise<void> {
    return this.#ready
  }

  get pid(): number {
    return this.#child?.pid ?? 0
  }

  /** Writes an EncryptionConfiguration of these keys; the first one seals. The server reads it by itself. */
  encryptWith(keys: readonly number[]): void {
    const each = keys.map((key) => ({ name: `key${key}`, secret: Buffer.alloc(32, key).toString('base64') }))
    const config = {
      apiVersion: 'apiserver.config.k8s.io/v1',
      kind: 'EncryptionConfiguration',
      resources: [{ resources: ['secrets'], providers: [{ secretbox: { keys: each } }, { identity: {} }] }],
    }
    writeFileSync(join(this.#folder, 'encryption.yaml'), JSON.stringify(config))
  }

  /** The audit ids that the log tells of, by stage. What a death cut off in the middle of a line is passed over. */
  audited(): ReadonlySet<string> {
    const lines = readFileSync(join(this.#folder, 'audit.log'), 'utf8').split('\n')
    return new Set(lines.flatMap((line) => /"auditID":"([^"]+)".*\}$/.exec(line)?.[1] ?? []))
  }

  async killAndRestart(): Promise<void> {
    const { promise, resolve: back, reject } = Promise.withResolvers<void>()
    this.#ready = promise
    await this.stop()
    this.#start().then(back, reject)
    await promise
  }

  async stop(): Promise<void> {
    const child = this.#child
    child?.kill('SIGKILL')
    if (child && child.exitCode === null && child.signalCode === null) await once(child, 'exit')
  }

  async #start(): Promise<void> {
    const at = (name: string): string => join(this.#folder, name)
    const flags = {
      name: 'crashes',
      'data-dir': at('data'),
      'api-port': String(this.port),
      'bind-address': '127.0.0.1',
      components: 'apiserver,controllers',
      'token-auth-file': at('tokens.csv'),
      'audit-policy-file': at('audit.yaml'),
      'audit-log-path': at('audit.log'),
      'audit-log-mode': 'blocking-strict',
      'encryption-provider-config': at('encryption.yaml'),
      'encryption-provider-config-automatic-reload': 'true',
    }
    const args = Object.entries(flags).flatMap(([name, value]) => [`--${name}`, value])
    const child = spawn(process.execPath, [BIN, 'server', ...args], { stdio: ['ignore', 'pipe', 'pipe'] })
    this.#child = child
    let said = ''
    const served = new Promise<void>((done, fail) => {
      const read = (chunk: Buffer): void => {
        said = (said + chunk.toString()).slice(-20_000)
        if (said.includes('the API is served')) done()
      }
      child.stdout.on('data', read)
      child.stderr.on('data', read)
      child.on('exit', (code) => fail(new Error(`the server ended with ${code}: ${said}`)))
    })
    // Whoever kills it before it is ready knows that.
    served.catch(() => {})
    await served
  }
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  server.close()
  await once(server, 'close')
  return port
}
