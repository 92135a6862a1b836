import type { Status } from '../../apimachinery/status.ts'
import { uuid } from '../../lib/random.ts'
import { collected, objectJson, statusOf } from '../audit/response.ts'
import type { RequestAudit } from '../audit/request-audit.ts'
import type { Answer } from '../registry/answer.ts'
import { type Call, header } from '../request/call.ts'
import type { ApiServer } from '../server.ts'

/** Where upstream's own clients connect from. */
const LOOPBACK = '127.0.0.1'

/** Begins to tell of a call of the same process. Resolves to false when it cannot be told, and is not to be answered. */
export async function beginAudit(server: ApiServer, call: Call, url: string): Promise<boolean> {
  const { audit: auditor, env } = server
  const { info, user, headers, latencies } = call
  const auditID = header(headers, 'audit-id') || uuid(env.random)
  const receivedMs = auditor?.now() ?? 0
  const audit = auditor?.begin({ info, user, headers, url, auditID, receivedMs, remote: LOOPBACK, latencies })
  if (!audit) return true
  Object.assign(call, { audit })
  return audit.received()
}

/** Tells of an answer, which is returned so that it can be read after it was told. */
export async function tellAnswer(audit: RequestAudit, answer: Answer): Promise<Answer> {
  const whole = audit.wantsResponse && answer.type === 'list' ? await collected(answer) : answer
  if (audit.wantsResponse) audit.answeredWith(await objectJson(whole))
  await audit.answered('status' in whole ? whole.status : 200, statusOf(whole))
  // What lasts is over when its reader has enough of it.
  if (whole.type !== 'watch') await audit.complete()
  return whole
}

/** Tells of a refusal. */
export async function tellRefusal(audit: RequestAudit, code: number, status: Status): Promise<void> {
  audit.answeredWith(JSON.stringify(status))
  await audit.answered(code, status)
  await audit.complete()
}
