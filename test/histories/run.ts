import assert from 'node:assert/strict'
import { seededRandom } from '../../src/lib/random.ts'
import { Api } from './api.ts'
import { History, noteEvent, type Watched } from './history.ts'
import { Client, keepGoing, MAPS, stateOf } from './workload.ts'

/** What clients work against: an API server, or several that take turns. */
export interface Servers {
  readonly port: () => number
  /** Resolves when a server is there again. */
  readonly back?: () => Promise<void>
}

export interface RunOptions {
  readonly clients: number
  readonly keys: number
  readonly watches: number
  readonly seed: number
}

/** Clients and watches at work, until they are told to stop; then all that they did and were told is checked. */
export class Run {
  readonly history: History
  readonly #api: Api
  readonly #back: () => Promise<void>
  readonly #first: number
  readonly #before: Map<string, string>
  readonly #work: Promise<unknown>[] = []
  readonly #watching: { stop(): void }[] = []
  #stopped = false
  #steps = 0

  private constructor(api: Api, back: () => Promise<void>, first: number, before: Map<string, string>) {
    this.#api = api
    this.#back = back
    this.#first = first
    this.#before = before
    this.history = new History(first)
  }

  static async start({ port, back = async () => {} }: Servers, options: RunOptions): Promise<Run> {
    const api = new Api(port)
    const { body } = await api.send('GET', MAPS)
    const run = new Run(api, back, Number(body.metadata.resourceVersion), stateOf(body))
    run.#begin(options)
    return run
  }

  /** How many operations were answered. */
  get steps(): number {
    return this.#steps
  }

  #begin({ clients, keys, watches, seed }: RunOptions): void {
    const names = Array.from({ length: keys }, (_, i) => `${seed}-${i}`)
    for (let i = 0; i < clients; i++) {
      const client = new Client(`${seed}.${i}`, this.#api, this.history, seededRandom(seed * 100 + i), names)
      const counted = { step: () => client.step().then(() => void this.#steps++) }
      this.#work.push(keepGoing(counted, () => this.#stopped, this.#back))
    }
    for (let i = 0; i < watches; i++) this.#work.push(this.#watchAgainAndAgain(seededRandom(seed * 1000 + i)))
  }

  /** Watches that begin at a revision somebody saw; one that is cut off goes on from the last it was told. */
  async #watchAgainAndAgain(random: ReturnType<typeof seededRandom>): Promise<void> {
    while (!this.#stopped) {
      const watched = this.history.watched(this.history.anyRevision(random))
      const events = 20 + Math.floor(random.next() * 300)
      await this.#follow(watched, () => this.#stopped || watched.events.length >= events)
    }
  }

  /** Follows a watch over the deaths of its servers until it has been told enough. */
  async #follow(watched: Watched, enough: () => boolean): Promise<void> {
    while (!enough()) {
      const from = watched.events.at(-1)?.revision ?? watched.from
      const query = `watch=true&allowWatchBookmarks=true&timeoutSeconds=600&resourceVersion=${from}`
      let failure: Error | undefined
      const watching = this.#api.watch(`${MAPS}?${query}`, (event) => {
        if (event.object.metadata.name === 'kube-root-ca.crt') return
        try {
          noteEvent(watched, event)
        } catch (error) {
          failure = error as Error
        }
        if (failure || enough()) watching.stop()
      })
      this.#watching.push(watching)
      if (this.#stopped && enough()) watching.stop()
      await watching.ended
      if (failure) throw failure
      if (!enough()) await this.#back()
    }
  }

  /** Lets everyone come to an end, and checks. */
  async finish(): Promise<void> {
    this.#stopped = true
    for (const watching of this.#watching) watching.stop()
    await Promise.all(this.#work)
    this.history.settle()
    const { body } = await this.#api.send('GET', MAPS)
    const last = Number(body.metadata.resourceVersion)
    assert.ok(last >= this.history.newest, `the newest revision is ${last}, and ${this.history.newest} was told`)
    this.history.snapshot(last, stateOf(body))
    const log = this.history.watched(this.#first)
    await this.#follow(log, await this.#marked(log))
    this.#api.close()
    this.history.check(log, this.#before)
  }

  /** One more write: a watch that was told it was told everything before. */
  async #marked(log: Watched): Promise<() => boolean> {
    const name = `end-${this.#first}`
    await this.#api.send('POST', MAPS, { metadata: { name } })
    return () => log.events.at(-1)?.key === name
  }
}
