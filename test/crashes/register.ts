import assert from 'node:assert/strict'
import { Lost, NotSent } from '../histories/api.ts'
import type { Client, Told } from './client.ts'
import type { Server } from './server.ts'

/** What all that is at work on a server writes down. */
export interface Notes {
  readonly client: Client
  readonly server: Server
  /** Of each write that was acknowledged. */
  readonly auditIds: string[]
  /** resourceVersion of each acknowledged write, in the order of answers. */
  readonly revisions: Map<string, string>
  operations: number
}

/** What an object may hold now: undefined for not being there. */
type Content = string | undefined

/**
 * One object that one worker changes: what it holds is what was last acknowledged, or one of those whose outcome nobody told. `where` is the path
 * of its collection.
 */
export class Register {
  readonly #where: string
  readonly #name: string
  readonly #make: (name: string, content: string) => object
  readonly #read: (object: unknown) => string
  #may: Content[] = [undefined]

  constructor(
    where: string,
    name: string,
    make: (name: string, content: string) => object,
    read: (object: unknown) => string,
  ) {
    this.#where = where
    this.#name = name
    this.#make = make
    this.#read = read
  }

  /** Changes it in a way that the number chooses. */
  async step(notes: Notes, choice: number): Promise<void> {
    const content = String(notes.operations)
    const path = `${this.#where}/${this.#name}`
    const [known] = this.#may
    if (this.#may.length > 1) return this.check(notes)
    if (known === undefined)
      return this.#write(notes, content, () => notes.client.send('POST', this.#where, this.#make(this.#name, content)))
    if (choice < 0.2) return this.#write(notes, undefined, () => notes.client.send('DELETE', path))
    if (choice < 0.6)
      return this.#write(notes, content, () =>
        notes.client.send('PATCH', path, this.#make(this.#name, content), 'application/merge-patch+json'),
      )
    const applied = { ...this.#make(this.#name, content) }
    return this.#write(notes, content, () =>
      notes.client.send('PATCH', `${path}?fieldManager=crashes&force=true`, applied, 'application/apply-patch+yaml'),
    )
  }

  async #write(notes: Notes, content: Content, send: () => Promise<Told>): Promise<void> {
    notes.operations++
    try {
      const { status, body, auditId } = await send()
      // A server that is told to wait for its quota, or is about to be killed, may say so.
      if (status === 403 || status >= 500 || status === 429) return void (this.#may = [...this.#may, content])
      // What it was before is not quite gone.
      if (status === 409 && /object is being deleted/.test(body.message ?? '')) return
      assert.ok(status === 200 || status === 201, `${this.#name}: ${status} ${body.message ?? ''}`)
      this.#may = [content]
      notes.auditIds.push(auditId)
      const { uid = '', resourceVersion = '' } = body.metadata
      if (content !== undefined && uid !== '') this.#grows(notes, uid, resourceVersion)
    } catch (error) {
      if (error instanceof NotSent) return notes.server.back()
      if (!(error instanceof Lost)) throw error
      this.#may = [...this.#may, content]
      await notes.server.back()
    }
  }

  #grows({ revisions }: Notes, uid: string, revision: string): void {
    const before = revisions.get(uid)
    if (before !== undefined) assert.ok(BigInt(revision) > BigInt(before), `${revision} comes after ${before}`)
    revisions.set(uid, revision)
  }

  /** Looks at what it holds: one of what it may hold. */
  async check({ client, server }: Notes): Promise<void> {
    try {
      const { status, body } = await client.send('GET', `${this.#where}/${this.#name}`)
      if (status !== 200 && status !== 404) return
      const isGoing = status === 404 || 'deletionTimestamp' in body.metadata
      const content = isGoing ? undefined : this.#read(body)
      assert.ok(
        this.#may.includes(content),
        `${this.#where}/${this.#name} holds ${content}, and may hold ${this.#may.map(String).join(' or ')}`,
      )
      this.#may = [content]
    } catch (error) {
      if (!(error instanceof Lost || error instanceof NotSent)) throw error
      await server.back()
    }
  }

  get settled(): boolean {
    return this.#may.length === 1
  }
}
