import assert from 'node:assert/strict'
import { createServer } from 'node:net'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { EXIT } from '../../src/host/user-error.ts'
import { busyboxRoot } from './images.ts'
import { Kubectl } from './kubectl/kubectl.ts'
import type { KubectlProgram } from './kubectl/program.ts'
import { Playground } from './skiff.ts'
import type { Ran } from './skiff.ts'

/** An image of busybox with all its commands, in clusters with real containers. */
export const BUSYBOX = 'e2e/busy:1'

/** A cluster for the tests of one file, with names and ports that meet no other cluster on the machine. */
export class TestCluster {
  readonly place = new Playground()
  readonly name = `e2e-${process.pid}`
  readonly #runtime: 'containerd' | 'simulated'

  constructor(runtime: 'containerd' | 'simulated') {
    this.#runtime = runtime
  }

  /** Starts it, and puts the busybox image into it. */
  async up(...flags: readonly string[]): Promise<void> {
    const port = String(await freePort())
    const { code, err } = await this.skiff('up', '--runtime', this.#runtime, '--api-port', port, ...ranges(), ...flags)
    assert.equal(code, EXIT.ok, err)
    if (this.#runtime === 'containerd') await this.#loadBusybox()
  }

  /** Runs a command of the product on this cluster. */
  skiff(...args: readonly string[]): Promise<Ran> {
    return this.place.run([...args, '--name', this.name])
  }

  /** kubectl as the administrator, in a namespace that it makes. */
  async kubectl(program: KubectlProgram, namespace: string): Promise<Kubectl> {
    const kubectl = new Kubectl({ program, kubeconfig: this.place.kubeconfig, namespace })
    await kubectl.ok('create', 'namespace', namespace)
    // Pods are refused until their namespace has its service account.
    await kubectl.ok('wait', '--for=create', 'serviceaccount/default', '--timeout=30s')
    return kubectl
  }

  /** Stops it and removes all there is of it. */
  async remove(): Promise<void> {
    const { code, err } = await this.skiff('delete')
    assert.equal(code, EXIT.ok, err)
    this.place.remove()
  }

  async #loadBusybox(): Promise<void> {
    const root = busyboxRoot(join(this.place.folder, 'busybox'))
    const { code, err } = await this.skiff('image', 'build', root, '-t', BUSYBOX)
    assert.equal(code, EXIT.ok, err)
  }
}

/** Addresses that clusters in other folders, which this one cannot know of, hardly have. */
function ranges(): string[] {
  const n = process.pid % 40
  return ['--pod-cidr', `10.${110 + n}.0.0/16`, '--service-cidr', `10.${150 + n}.0.0/16`]
}

/** A port that nothing listens on. */
export function freePort(): Promise<number> {
  return new Promise((resolve) => {
    const server = createServer().listen(0, '127.0.0.1', () => {
      const { port } = server.address() as AddressInfo
      server.close(() => resolve(port))
    })
  })
}
