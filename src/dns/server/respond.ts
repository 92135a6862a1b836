import type { Answer as PacketRecord, DecodedPacket, Packet } from 'dns-packet'
import type { AnswerCache } from '../forward/cache.ts'
import { ForwardError, type Forwarder } from '../forward/forward.ts'
import type { Answer, Question, ResourceRecord, ResponseCode } from '../message.ts'
import { resolveInZone, type ZoneOptions } from '../zone/resolve.ts'
import { resolveReverse } from '../zone/reverse.ts'

export interface Responder {
  readonly zone: ZoneOptions
  readonly forwarder: Pick<Forwarder, 'ask'>
  readonly cache: AnswerCache
}

/** Names that lead on to other names are followed this far. */
const MAX_CNAMES = 8
const CODES: Readonly<Record<ResponseCode, number>> = {
  NOERROR: 0,
  FORMERR: 1,
  SERVFAIL: 2,
  NXDOMAIN: 3,
  NOTIMP: 4,
  REFUSED: 5,
}
const RESPONSE = 0x8000
const AUTHORITATIVE = 0x0400
const RECURSION_DESIRED = 0x0100
const RECURSION_AVAILABLE = 0x0080

/** The handlers in order: the cluster's own names first, then its addresses, then the outside world. */
export async function respond(query: DecodedPacket, responder: Responder): Promise<Packet> {
  const asked = query.questions?.[0]
  if (query.type !== 'query' || !asked || query.questions?.length !== 1) return failure(query, 'FORMERR')
  if ((query as { opcode?: string }).opcode !== 'QUERY') return failure(query, 'NOTIMP')
  const question: Question = { name: asked.name.toLowerCase().replace(/\.$/, ''), type: asked.type }
  const own = resolveInZone(question, responder.zone) ?? resolveReverse(question, responder.zone)
  if (own) return packetOf(query, await followAlias(question, own, responder))
  try {
    const answer = await askOutside(question, responder)
    return {
      ...reply(query, codeOf(answer), false),
      answers: answer.answers ?? [],
      authorities: answer.authorities ?? [],
    }
  } catch (error) {
    if (!(error instanceof ForwardError)) throw error
    return failure(query, 'SERVFAIL')
  }
}

async function askOutside(question: Question, { forwarder, cache }: Responder): Promise<DecodedPacket> {
  const kept = cache.get(question)
  if (kept) return kept
  const answer = await forwarder.ask(question)
  cache.put(question, answer)
  return answer
}

/** An ExternalName's alias alone is no use to a client that asked for an address: the target's addresses go along. */
async function followAlias(question: Question, answer: Answer, responder: Responder): Promise<Answer> {
  let followed = answer
  for (let step = 0; step < MAX_CNAMES; step++) {
    const last = followed.answers.at(-1)
    if (question.type === 'CNAME' || last?.type !== 'CNAME') return followed
    const target: Question = { name: last.data.toLowerCase(), type: question.type }
    const next = resolveInZone(target, responder.zone) ?? (await outsideAnswer(target, responder))
    if (next.answers.length === 0) return followed
    followed = { ...followed, answers: [...followed.answers, ...next.answers] }
    if (next.answers.some((record) => record.type === question.type)) return followed
  }
  return followed
}

async function outsideAnswer(question: Question, responder: Responder): Promise<Pick<Answer, 'answers'>> {
  try {
    return { answers: ((await askOutside(question, responder)).answers ?? []) as unknown as ResourceRecord[] }
  } catch (error) {
    if (!(error instanceof ForwardError)) throw error
    return { answers: [] } // the alias by itself is still the truth
  }
}

function codeOf(packet: DecodedPacket): ResponseCode {
  const code = (packet as { rcode?: string }).rcode
  return code !== undefined && code in CODES ? (code as ResponseCode) : 'SERVFAIL'
}

function packetOf(query: DecodedPacket, { code, authoritative, answers, authorities, additionals }: Answer): Packet {
  const records = (list: readonly ResourceRecord[]): PacketRecord[] => list as unknown as PacketRecord[]
  return {
    ...reply(query, code, authoritative),
    answers: records(answers),
    authorities: records(authorities),
    additionals: records(additionals),
  }
}

/** An answer without records. */
export function failure(query: Pick<DecodedPacket, 'id' | 'questions'>, code: ResponseCode): Packet {
  return reply(query, code, false)
}

function reply(
  query: Pick<DecodedPacket, 'id' | 'questions'> & { flags?: number | undefined },
  code: ResponseCode,
  authoritative: boolean,
): Packet {
  const flags =
    RESPONSE |
    RECURSION_AVAILABLE |
    ((query.flags ?? 0) & RECURSION_DESIRED) |
    (authoritative ? AUTHORITATIVE : 0) |
    CODES[code]
  return { type: 'response', id: query.id ?? 0, flags, questions: query.questions ?? [] }
}
