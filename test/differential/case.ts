import type { Behaviour } from './hook-server.ts'

/** A request of a case; `$ns`, `$id`, `$hooks` and `{{saved.path}}` in its strings are filled in before it is sent. */
export interface Step {
  readonly method: string
  /** With the query, as it goes on the wire. */
  readonly path: string
  readonly headers?: Readonly<Record<string, string>>
  /** Sent as it is when text or bytes, otherwise as JSON. */
  readonly body?: unknown
  /** Who asks; the administrator unless told. */
  readonly user?: 'alice' | 'anonymous'
  /** Prepares what follows: must succeed, and is not compared. */
  readonly setup?: boolean
  /** Prepares too, and is sent again until the answer has this in it, or has not after a `!`: servers learn of policies and webhooks by and by. */
  readonly until?: string
  /** Compares what the case's webhooks were asked, in place of a request. */
  readonly asked?: boolean
  /** Under which later steps find the answer's body: `{{made.metadata.uid}}`. */
  readonly save?: string
  /** Reads this many events of a watch, or up to its end; the requests are sent when it has begun, one after another. */
  readonly watch?: { readonly events: number; readonly during?: readonly Step[] }
  /** What of the answer is compared; all unless told. */
  readonly compare?: readonly ('status' | 'headers' | 'body')[]
  /** Reduces a decoded body to what matters before it is compared: long documents, and what is random. */
  readonly view?: (body: unknown) => unknown
}

/** A few requests that belong together. Each case has a namespace of its own, `$ns`, and a word of its own, `$id`, for cluster-wide names. */
export interface Case {
  readonly name: string
  readonly steps: readonly Step[]
  /** Compares managedFields whole, not by what they come to. */
  readonly managedFields?: boolean
  /** Webhooks by their names, at `$hooks/<name>`; each server asks its own. */
  readonly hooks?: Readonly<Record<string, Behaviour>>
  /** Prefixes that the server adds five letters of chance to. */
  readonly generated?: readonly string[]
}

export interface Catalogue {
  /** Also the name of the file of recorded answers. */
  readonly name: string
  readonly cases: readonly Case[]
}

type More = Omit<Step, 'method' | 'path'>

/** The one-line way to write steps. */
export const get = (path: string, more: More = {}): Step => ({ method: 'GET', path, ...more })
export const post = (path: string, body: unknown, more: More = {}): Step => ({ method: 'POST', path, body, ...more })
export const put = (path: string, body: unknown, more: More = {}): Step => ({ method: 'PUT', path, body, ...more })
export const del = (path: string, more: More = {}): Step => ({ method: 'DELETE', path, ...more })

const PATCH_TYPES = {
  json: 'application/json-patch+json',
  merge: 'application/merge-patch+json',
  strategic: 'application/strategic-merge-patch+json',
  apply: 'application/apply-patch+yaml',
} as const

export const patch = (type: keyof typeof PATCH_TYPES, path: string, body: unknown, more: More = {}): Step => ({
  method: 'PATCH',
  path,
  body,
  ...more,
  headers: { 'content-type': PATCH_TYPES[type], ...more.headers },
})

/** A step that only prepares. */
export const given = (step: Step): Step => ({ ...step, setup: true })

/** What the webhooks were asked since the last such step. */
export const asked: Step = { method: '', path: '', asked: true }

/** Cases of one step, by their names. */
export function single(steps: Readonly<Record<string, Step>>): Case[] {
  return Object.entries(steps).map(([name, step]) => ({ name, steps: [step] }))
}
