import { randomBytes } from 'node:crypto'
import type { Case, Step } from './case.ts'
import { decodeBody } from './decode.ts'
import { type Facts, Normaliser } from './normalise.ts'
import { type Outgoing, type Reply, send, type Target } from './target.ts'

/** Names that no other run has used: servers keep what earlier runs left. */
export interface Names {
  readonly ns: string
  readonly id: string
}

const RUN = randomBytes(2).toString('hex')

export const namesOf = (index: number): Names => ({
  ns: `n${RUN}-${String(index).padStart(4, '0')}`,
  id: `x${RUN}-${String(index).padStart(4, '0')}`,
})

/** Sends a case's requests to one server; the facts of all that are compared, in order. */
export async function perform(target: Target, of: Case, names: Names): Promise<Facts[]> {
  const { steps } = of
  const saved = new Map<string, unknown>()
  const normaliser = new Normaliser(names, of)
  const facts: Facts[] = []
  const { hooks } = target
  if (of.hooks) hooks.expect(names.id, of.hooks)
  const run = async (step: Step): Promise<void> => {
    if (step.asked) {
      facts.push(normaliser.factsOfQuestions(hooks.takeAsked(names.id)))
      return
    }
    if (step.until !== undefined) {
      await sendUntil(step.until.replaceAll('$id', names.id), () => sendStep(target, step, names, saved, run))
      return
    }
    const reply = await sendStep(target, step, names, saved, run)
    if (step.save !== undefined) saved.set(step.save, decodeBody(reply))
    if (!step.setup) facts.push(normaliser.factsOf(reply, step))
    else if (reply.status >= 300) throw new Error(`setup failed: ${step.method} ${step.path}: ${reply.body.toString()}`)
    else normaliser.look(reply)
  }
  if (of.hooks !== undefined || JSON.stringify(steps).includes('$ns')) await makeNamespace(target, names.ns)
  for (const step of steps) await run(step)
  return facts
}

/** How long a server may take to learn what it was told. */
const LEARNING_MS = 20_000
const PAUSE_MS = 50

async function sendUntil(word: string, attempt: () => Promise<Reply>): Promise<void> {
  const end = Date.now() + LEARNING_MS
  for (;;) {
    const reply = await attempt()
    if (word.startsWith('!') ? !reply.body.includes(word.slice(1)) : reply.body.includes(word)) return
    if (Date.now() > end) throw new Error(`no ${word}: ${reply.status} ${reply.body.toString()}`)
    await new Promise((resolve) => setTimeout(resolve, PAUSE_MS))
  }
}

/** A namespace with the service account that pods are admitted with; no controller makes it here. */
async function makeNamespace(target: Target, name: string): Promise<void> {
  const made = [
    ['/api/v1/namespaces', { metadata: { name } }],
    [`/api/v1/namespaces/${name}/serviceaccounts`, { metadata: { name: 'default' } }],
  ] as const
  for (const [path, body] of made) {
    const step: Step = { method: 'POST', path, body }
    const { status, body: text } = await sendStep(target, step, { ns: name, id: name }, new Map(), async () => {})
    if (status !== 201) throw new Error(`no namespace: ${text.toString()}`)
  }
}

async function sendStep(
  target: Target,
  step: Step,
  names: Names,
  saved: ReadonlyMap<string, unknown>,
  run: (step: Step) => Promise<void>,
): Promise<Reply> {
  const fill = (text: string): string => {
    return filled(text, names, saved).replaceAll('$hooks', `${target.hooks.url}/${names.id}`)
  }
  const { body } = step
  const bytes = body instanceof Uint8Array ? body : body === undefined ? undefined : Buffer.from(fill(textOf(body)))
  const token = step.user === 'anonymous' ? undefined : target.tokens[step.user ?? 'admin']
  const headers: Record<string, string> = {
    'user-agent': 'differential/1',
    accept: 'application/json',
    ...(token !== undefined && { authorization: `Bearer ${token}` }),
    ...(bytes && { 'content-type': 'application/json', 'content-length': String(bytes.length) }),
  }
  for (const [name, value] of Object.entries(step.headers ?? {})) {
    if (value === '') delete headers[name]
    else headers[name] = fill(value)
  }
  const outgoing = { method: step.method, path: fill(step.path), headers, body: bytes }
  if (!step.watch) return sendInTurn(target, outgoing)
  const { events, during = [] } = step.watch
  let others: Promise<void> = Promise.resolve()
  const begun = (): void => {
    others = (async () => {
      for (const other of during) await run(other)
    })()
    // Whoever awaits it below sees the failure.
    others.catch(() => {})
  }
  const reply = await send(target, { ...outgoing, begun, enough: (soFar) => lines(soFar) >= events })
  await others
  return { ...reply, body: firstLines(reply.body, events) }
}

/** Many cases at once may be more than a level of flow control has seats for: then they come back, as clients do. */
async function sendInTurn(target: Target, outgoing: Outgoing): Promise<Reply> {
  for (;;) {
    const reply = await send(target, outgoing)
    if (reply.status !== 429 || !reply.body.includes(TOO_MANY)) return reply
    await new Promise((resolve) => setTimeout(resolve, Number(reply.headers['retry-after']) * 1000))
  }
}

const TOO_MANY = 'Too many requests, please try again later.'

function textOf(body: unknown): string {
  return typeof body === 'string' ? body : JSON.stringify(body)
}

function lines(bytes: Buffer): number {
  let count = 0
  for (const byte of bytes) if (byte === 0x0a) count++
  return count
}

function firstLines(bytes: Buffer, count: number): Buffer {
  let end = 0
  for (let left = count; left > 0; left--) {
    const next = bytes.indexOf(0x0a, end)
    if (next < 0) return bytes
    end = next + 1
  }
  return count === 0 ? bytes : bytes.subarray(0, end)
}

function filled(text: string, { ns, id }: Names, saved: ReadonlyMap<string, unknown>): string {
  return text
    .replaceAll('$ns', ns)
    .replaceAll('$id', id)
    .replaceAll(/\{\{([^}]+)\}\}/g, (_all, path: string) => String(found(saved, path)))
}

function found(saved: ReadonlyMap<string, unknown>, path: string): unknown {
  const [name = '', ...fields] = path.split('.')
  let value = saved.get(name)
  for (const field of fields) value = (value as Record<string, unknown> | undefined)?.[field]
  if (value === undefined) throw new Error(`nothing is saved under ${path}`)
  return value
}
