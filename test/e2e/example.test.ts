import assert from 'node:assert/strict'
import { after, describe, test } from 'node:test'
import { EXIT } from '../../src/host/user-error.ts'
import { Playground } from './skiff.ts'
import { noContainers } from './skip.ts'

const NAME = 'e2e-example'
const ADDRESS = 'http://127.0.0.1:30080/'
const CLIENTS = 4

/** Asks again and again, with several clients, until it is stopped; remembers what went wrong and who answered. */
class Load {
  requests = 0
  readonly failures: string[] = []
  readonly versions = new Set<string>()
  #running = true
  readonly #clients: Promise<void>[]

  constructor(address: string) {
    this.#clients = Array.from({ length: CLIENTS }, async () => {
      while (this.#running) await this.#ask(address)
    })
  }

  async stop(): Promise<void> {
    this.#running = false
    await Promise.all(this.#clients)
  }

  async #ask(address: string): Promise<void> {
    this.requests++
    try {
      const answer = await fetch(address, { signal: AbortSignal.timeout(5000), headers: { connection: 'close' } })
      const text = await answer.text()
      const version = /version (\d+)/.exec(text)?.[1]
      if (answer.ok && version !== undefined) this.versions.add(version)
      else this.failures.push(`${answer.status} ${text}`)
    } catch (error) {
      this.failures.push(String(error))
    }
  }
}

describe('the example application', { skip: noContainers() }, () => {
  const place = new Playground()
  const kubectl = (...args: string[]) => place.kubectl('--context', `skiff-${NAME}`, '--namespace', 'board', ...args)
  after(async () => {
    await place.run(['delete', '--name', NAME])
    place.remove()
  })

  async function rolledOut(): Promise<void> {
    const status = await kubectl('rollout', 'status', 'deployment/web', '--timeout=90s')
    assert.equal(status.code, 0, status.out + status.err)
  }

  test('runs, and is reached by its node port', async () => {
    const ranges = ['--pod-cidr', '10.230.0.0/16', '--service-cidr', '10.231.0.0/16']
    const up = await place.run([
      'up',
      '--name',
      NAME,
      '--api-port',
      '16701',
      ...ranges,
      '--example',
      '--timeout',
      '60s',
    ])
    assert.equal(up.code, EXIT.ok, up.err)
    assert.match(up.err, /30080\/ says Welcome to the noticeboard/)
    const board = await (await fetch(ADDRESS)).text()
    assert.match(board, /\(version 1, from web-.*\)\n\n- The first notice, pinned by a Job/)
  })

  test('keeps what is posted, in the volume of the store', async () => {
    const pinned = await fetch(`${ADDRESS}cgi-bin/post`, { method: 'POST', body: 'Fresh paint' })
    assert.equal(await pinned.text(), 'pinned\n')
    await kubectl('exec', 'deploy/store', '--', 'sh', '-c', 'kill $(pidof httpd)')
    const restarted = await kubectl(
      'wait',
      '--for=jsonpath={.status.containerStatuses[0].restartCount}=1',
      'pod',
      '-l',
      'app=store',
      '--timeout=60s',
    )
    assert.equal(restarted.code, 0, restarted.err)
    await kubectl('wait', '--for=condition=Ready', 'pod', '-l', 'app=store', '--timeout=60s')
    assert.match(await (await fetch(ADDRESS)).text(), /- Fresh paint/)
  })

  test('rolls out a new version and back without a failed request', async () => {
    const load = new Load(ADDRESS)
    try {
      await kubectl('set', 'image', 'deployment/web', 'web=example/web:2')
      await rolledOut()
      assert.match(await (await fetch(ADDRESS)).text(), /version 2/)
      await kubectl('rollout', 'undo', 'deployment/web')
      await rolledOut()
      assert.match(await (await fetch(ADDRESS)).text(), /version 1/)
    } finally {
      await load.stop()
    }
    assert.deepEqual(load.failures, [])
    assert.deepEqual([...load.versions].sort(), ['1', '2'])
    assert.ok(load.requests > 50, `only ${load.requests} requests`)
    const history = await kubectl('rollout', 'history', 'deployment/web')
    assert.match(history.out, /\n2 .*\n3 /)
  })
})
