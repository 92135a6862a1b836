import { mutated, type Mutation } from './pointer.ts'
import type { Base, Outcome } from './recorded.ts'

/** Sends a request and hands back what it was answered, the body parsed. */
export type Ask = (
  method: string,
  path: string,
  body?: unknown,
) => Promise<{ readonly outcome: Outcome; readonly body: unknown }>

/** A base that was made for real, so that changes of it can be put. */
export interface Live {
  put(mutation: Mutation): Promise<Outcome>
  remove(): Promise<void>
}

const PATCH = { metadata: { finalizers: null } }
/** What no client has to send, and what differs from server to server. */
const FLEETING = ['uid', 'resourceVersion', 'creationTimestamp', 'managedFields', 'generation']

/** Undefined where the base cannot be made, or is of a kind that is only asked. */
export async function makeLive(ask: Ask, { path, object }: Base): Promise<Live | undefined> {
  const made = await ask('POST', path, object)
  const item = `${path}/${object.metadata.name}`
  const { body, outcome } = await ask('GET', item)
  if (made.outcome.code >= 300 || outcome.code !== 200) return undefined
  const live = structuredClone(body) as { metadata: Record<string, unknown> }
  for (const field of FLEETING) delete live.metadata[field]
  return {
    put: async (mutation) => (await ask('PUT', `${item}?dryRun=All`, mutated(live, mutation))).outcome,
    async remove() {
      await ask('PATCH', item, PATCH)
      await ask('DELETE', `${item}?gracePeriodSeconds=0`)
    },
  }
}
