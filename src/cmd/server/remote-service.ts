import { inGosWords } from '../../apiserver/http/go-errors.ts'
import { answeredBadly, RemoteError, type RemoteService } from '../../apiserver/remote/service.ts'
import { loadKubeconfig } from '../../client/http/kubeconfig.ts'
import { httpTransport } from '../../client/http/transport.ts'
import type { ApiResponse } from '../../client/transport.ts'
import { UserError, messageOf } from '../../host/user-error.ts'
import type { Clock } from '../../lib/clock.ts'
import { goQuote } from '../../lib/quote.ts'

/** As Go prints a duration of whole seconds or less. */
const inSeconds = (ms: number): string => (ms < 1000 ? `${ms}ms` : `${ms / 1000}s`)

/** The service that a kubeconfig names, with connections that are kept. Throws a UserError for a file that cannot be used. */
export function remoteService(kubeconfig: string, timeoutMs: number, clock: Clock): RemoteService {
  const config = readConfig(kubeconfig, clock)
  const { hostname, port, protocol, pathname } = new URL(config.server)
  const host = hostname.replace(/^\[|\]$/g, '')
  const target = { host, port: Number(port) || (protocol === 'http:' ? 80 : 443) }
  const query = `?timeout=${inSeconds(timeoutMs)}`
  const url = `${config.server.replace(/\/$/, '')}${query}`
  const transport = httpTransport(config, clock)
  const path = pathname === '/' ? `/${query}` : query
  const headers = { 'user-agent': 'kube-apiserver', accept: 'application/json, */*' }
  return {
    url,
    close: () => transport.close(),
    async post(body, signal) {
      const end = new AbortController()
      const timer = clock.setTimer(() => end.abort(new Error(LATE)), timeoutMs)
      const either = signal ? AbortSignal.any([signal, end.signal]) : end.signal
      try {
        return success(await transport.request({ method: 'POST', path, headers, body, signal: either }))
      } catch (error) {
        if (error instanceof RemoteError) throw error
        if (error instanceof SyntaxError) throw new RemoteError(`${NO_JSON}${error.message}`, {}, error)
        const { cause = error } = error as Error
        const why = end.signal.aborted ? LATE : inGosWords(cause as Error, host, target).message
        const retry = (cause as NodeJS.ErrnoException).code === 'ECONNRESET'
        throw new RemoteError(`Post ${goQuote(url)}: ${why}`, { timedOut: end.signal.aborted, retry }, error)
      } finally {
        timer.cancel()
      }
    },
  }
}

const NO_JSON = "couldn't get version/kind; json parse error: "
const LATE = 'context deadline exceeded (Client.Timeout exceeded while awaiting headers)'

function success({ status, body, headers }: ApiResponse): unknown {
  if (status < 200 || status > 206) throw answeredBadly(status, body, headers['retry-after'])
  if (typeof body !== 'string') return body
  if (body === '') {
    const type = headers['content-type'] ?? ''
    throw new RemoteError(`0-length response with status code: ${status} and content type: ${type}`, { status })
  }
  // Whatever it calls its answer, JSON is JSON.
  try {
    return JSON.parse(body) as unknown
  } catch (error) {
    throw new RemoteError(`${NO_JSON}${messageOf(error)}`, { status }, error)
  }
}

function readConfig(kubeconfig: string, clock: Clock): ReturnType<typeof loadKubeconfig>['config'] {
  try {
    const { config } = loadKubeconfig({ clock, paths: [kubeconfig] })
    new URL(config.server)
    config.certificate?.()
    return config
  } catch (error) {
    throw new UserError(`${kubeconfig}: ${messageOf(error)}`, { cause: error })
  }
}
