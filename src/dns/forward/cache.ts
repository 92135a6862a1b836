import type { DecodedPacket } from 'dns-packet'
import type { Clock } from '../../lib/clock.ts'
import type { Question } from '../message.ts'

const MAX_ENTRIES = 10_000
const MAX_SECONDS = 30
const MAX_NEGATIVE_SECONDS = 5

interface Kept {
  readonly answer: DecodedPacket
  readonly untilMs: number
}

/** Answers from upstream, kept as long as they allow and no longer than half a minute. The oldest goes when it is full. */
export class AnswerCache {
  readonly #clock: Clock
  readonly #entries = new Map<string, Kept>()

  constructor(clock: Clock) {
    this.#clock = clock
  }

  get(question: Question): DecodedPacket | undefined {
    const key = keyOf(question)
    const kept = this.#entries.get(key)
    if (!kept) return undefined
    if (kept.untilMs > this.#clock.monotonic()) return kept.answer
    this.#entries.delete(key)
    return undefined
  }

  put(question: Question, answer: DecodedPacket): void {
    const seconds = secondsToKeep(answer)
    if (seconds <= 0) return
    const key = keyOf(question)
    this.#entries.delete(key)
    const oldest = this.#entries.size >= MAX_ENTRIES ? this.#entries.keys().next().value : undefined
    if (oldest !== undefined) this.#entries.delete(oldest)
    this.#entries.set(key, { answer, untilMs: this.#clock.monotonic() + seconds * 1000 })
  }
}

function keyOf({ name, type }: Question): string {
  return `${type} ${name}`
}

function secondsToKeep(answer: DecodedPacket): number {
  const code = (answer as { rcode?: string }).rcode
  if (code !== 'NOERROR' && code !== 'NXDOMAIN') return 0
  const ttls = (answer.answers ?? []).map((record) => ('ttl' in record ? (record.ttl ?? 0) : 0))
  return ttls.length === 0 ? MAX_NEGATIVE_SECONDS : Math.min(MAX_SECONDS, ...ttls)
}
