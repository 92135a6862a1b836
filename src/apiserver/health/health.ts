import type { Logger } from '../../lib/log.ts'
import type { MaybePromise } from '../../store/store.ts'
import type { RawAnswer } from '../registry/answer.ts'
import { textAnswer } from '../routes/text.ts'

/** One condition of the server's health. */
export interface HealthCheck {
  /** As it stands in the verbose answer and below /livez/, /readyz/, such as `etcd`. */
  readonly name: string
  /** Of which endpoints; of all when absent. `readyz` alone for what is passing, such as a sync that is not done yet. */
  readonly only?: readonly ('healthz' | 'livez' | 'readyz')[]
  /** Throws when it is not met. */
  check(): MaybePromise<void>
}

export type HealthEndpoint = 'healthz' | 'livez' | 'readyz'

/** Takes down how a check went. */
export type NoteCheck = (name: string, endpoint: HealthEndpoint, ok: boolean) => void

const ENDPOINTS: readonly string[] = ['healthz', 'livez', 'readyz']

/** Answers /healthz, /livez, /readyz and the single checks below them as upstream does; undefined for other paths. */
export async function healthAnswer(
  checks: readonly HealthCheck[],
  path: string,
  query: URLSearchParams,
  log: Logger,
  note: NoteCheck = () => {},
): Promise<RawAnswer | undefined> {
  const [endpoint = '', ...rest] = path.slice(1).split('/')
  if (!ENDPOINTS.includes(endpoint)) return undefined
  const asked = checks.filter(({ only }) => !only || only.includes(endpoint as HealthEndpoint))
  if (rest.length === 0) return allChecks(asked, endpoint as HealthEndpoint, query, { log, note })
  const check = asked.find(({ name }) => name === rest.join('/'))
  return check && oneCheck(check)
}

async function allChecks(
  checks: readonly HealthCheck[],
  endpoint: HealthEndpoint,
  query: URLSearchParams,
  { log, note }: { readonly log: Logger; readonly note: NoteCheck },
): Promise<RawAnswer> {
  const excluded = new Set(query.getAll('exclude'))
  const lines: string[] = []
  let failed = false
  for (const check of checks) {
    if (excluded.delete(check.name)) {
      lines.push(`[+]${check.name} excluded: ok`)
      continue
    }
    const problem = await problemOf(check)
    note(check.name, endpoint, problem === undefined)
    if (problem !== undefined) {
      failed = true
      log.warn('health check failed', { endpoint, check: check.name, err: problem })
    }
    // Why stays in the log: these endpoints are public.
    lines.push(problem === undefined ? `[+]${check.name} ok` : `[-]${check.name} failed: reason withheld`)
  }
  if (excluded.size > 0) {
    const names = [...excluded]
      .sort()
      .map((name) => JSON.stringify(name))
      .join(', ')
    lines.push(`warn: some health checks cannot be excluded: no matches for ${names}`)
  }
  if (failed) return textAnswer(500, `${lines.join('\n')}\n${endpoint} check failed\n`)
  return textAnswer(200, query.has('verbose') ? `${lines.join('\n')}\n${endpoint} check passed\n` : 'ok')
}

async function oneCheck(check: HealthCheck): Promise<RawAnswer> {
  const problem = await problemOf(check)
  if (problem === undefined) return { ...textAnswer(200, 'ok'), headers: PLAIN }
  return textAnswer(500, `internal server error: ${problem instanceof Error ? problem.message : 'unknown'}\n`)
}

/** Here upstream writes for itself. */
const PLAIN = { 'content-type': 'text/plain; charset=utf-8' }

async function problemOf(check: HealthCheck): Promise<unknown> {
  try {
    await check.check()
    return undefined
  } catch (error) {
    return error
  }
}
