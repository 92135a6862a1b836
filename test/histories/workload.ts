import type { Random } from '../../src/lib/random.ts'
import { Lost, NotSent, type Answer, type Api, type KubeAnswer } from './api.ts'
import { PRESENT, type Value, type Write } from './linearizable.ts'
import type { History } from './history.ts'

export const MAPS = '/api/v1/namespaces/default/configmaps'

/** One client of several: does what chance says, and notes what came of it. */
export class Client {
  readonly #name: string
  readonly #api: Api
  readonly #history: History
  readonly #random: Random
  readonly #keys: readonly string[]
  /** The last that this client saw of each key. */
  readonly #seen = new Map<string, { readonly value: Value; readonly resourceVersion: string }>()
  #count = 0

  constructor(name: string, api: Api, history: History, random: Random, keys: readonly string[]) {
    this.#name = name
    this.#api = api
    this.#history = history
    this.#random = random
    this.#keys = keys
  }

  /** One operation. Rejects with NotSent when nobody listens. */
  async step(): Promise<void> {
    const key = this.#pick(this.#keys)
    const act = this.#pick([
      () => this.#create(key),
      () => this.#create(key),
      () => this.#update(key),
      () => this.#update(key),
      () => this.#overwrite(key),
      () => this.#patch(key),
      () => this.#remove(key),
      () => this.#get(key),
      () => this.#get(key),
      () => this.#list(),
      () => this.#listExact(),
    ])
    await act()
  }

  #create(key: string): Promise<void> {
    const value = this.#value()
    return this.#write(key, value, null, () => this.#api.send('POST', MAPS, mapOf(key, value)))
  }

  #update(key: string): Promise<void> {
    const seen = this.#seen.get(key)
    if (!seen || seen.value === null) return this.#get(key)
    const value = this.#value()
    const body = mapOf(key, value, seen.resourceVersion)
    return this.#write(key, value, seen.value, () => this.#api.send('PUT', `${MAPS}/${key}`, body))
  }

  #overwrite(key: string): Promise<void> {
    const value = this.#value()
    return this.#write(key, value, PRESENT, () => this.#api.send('PUT', `${MAPS}/${key}`, mapOf(key, value)))
  }

  #patch(key: string): Promise<void> {
    const value = this.#value()
    const send = (): Promise<Answer> =>
      this.#api.send('PATCH', `${MAPS}/${key}`, { data: { value } }, 'application/merge-patch+json')
    return this.#write(key, value, PRESENT, send)
  }

  #remove(key: string): Promise<void> {
    const seen = this.#seen.get(key)
    const condition = seen && seen.value !== null && this.#random.next() < 0.5 ? seen : undefined
    const body = { preconditions: condition && { resourceVersion: condition.resourceVersion } }
    return this.#write(key, null, condition ? condition.value : PRESENT, () =>
      this.#api.send('DELETE', `${MAPS}/${key}`, body),
    )
  }

  async #write(key: string, value: Value, expect: Write['expect'], send: () => Promise<Answer>): Promise<void> {
    const note = this.#history.begin({ kind: 'write', key, value, expect })
    try {
      const { status, body } = await send()
      const { resourceVersion } = body.metadata
      if (status < 300) {
        // A delete answers with a Status, which has no resourceVersion.
        note.ok(value === null ? undefined : Number(resourceVersion))
        this.#saw(key, value, resourceVersion)
      } else if (status === 404 || status === 409) note.refused()
      else throw failed(status, body)
    } catch (error) {
      if (error instanceof Lost) note.lost()
      else note.drop()
      throw error
    }
  }

  async #get(key: string): Promise<void> {
    const note = this.#history.begin({ kind: 'read', key })
    const { status, body } = await this.#read(`${MAPS}/${key}`, note)
    const value = status === 404 ? null : valueOf(body)
    note.read(value, status === 404 ? undefined : Number(body.metadata.resourceVersion))
    this.#saw(key, value, body.metadata.resourceVersion)
  }

  async #list(): Promise<void> {
    const note = this.#history.begin({ kind: 'list' })
    const { body } = await this.#read(MAPS, note)
    note.listed(Number(body.metadata.resourceVersion), stateOf(body))
  }

  /** A list as of some revision that was seen. */
  async #listExact(): Promise<void> {
    const revision = this.#history.anyRevision(this.#random)
    const note = this.#history.begin({ kind: 'list' })
    const { body } = await this.#read(`${MAPS}?resourceVersion=${revision}&resourceVersionMatch=Exact`, note)
    note.drop()
    this.#history.snapshot(Number(body.metadata.resourceVersion), stateOf(body))
  }

  async #read(path: string, note: { drop(): void }): Promise<Answer> {
    try {
      const answer = await this.#api.send('GET', path)
      if (answer.status !== 200 && answer.status !== 404) throw failed(answer.status, answer.body)
      return answer
    } catch (error) {
      note.drop()
      throw error
    }
  }

  #saw(key: string, value: Value, resourceVersion = ''): void {
    this.#seen.set(key, { value, resourceVersion })
  }

  #value(): string {
    return `${this.#name}.${++this.#count}`
  }

  #pick<T>(all: readonly T[]): T {
    return all[Math.floor(this.#random.next() * all.length)] as T
  }
}

/** Lets a client go on until told to stop; a server that is gone is waited for. */
export async function keepGoing(
  client: Pick<Client, 'step'>,
  stopped: () => boolean,
  back: () => Promise<void>,
): Promise<void> {
  while (!stopped()) {
    try {
      await client.step()
    } catch (error) {
      if (!(error instanceof NotSent || error instanceof Lost)) throw error
      await back()
    }
  }
}

/** A server whose store does not answer does not know what has happened. */
function failed(status: number, { message }: KubeAnswer): Error {
  const text = `${status}: ${message}`
  return status >= 500 ? new Lost(text) : new Error(text)
}

const mapOf = (name: string, value: string, resourceVersion?: string): object => ({
  metadata: { name, ...(resourceVersion && { resourceVersion }) },
  data: { value },
})

export const valueOf = ({ data }: KubeAnswer): string => data?.['value'] ?? ''

export const stateOf = ({ items }: KubeAnswer): Map<string, string> =>
  new Map(
    (items ?? [])
      .filter(({ data }) => data?.['value'] !== undefined)
      .map((item) => [item.metadata.name ?? '', valueOf(item)]),
  )
