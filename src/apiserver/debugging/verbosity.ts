import type { Verbosity } from '../../lib/verbosity.ts'
import type { Call } from '../request/call.ts'
import type { RawAnswer } from '../registry/answer.ts'
import type { Route } from '../routes/routes.ts'
import { textAnswer } from '../routes/text.ts'

const MOST = 0x7fff_ffff

/** /debug/flags/v: how much is logged, changed while the server runs (`kubectl get --raw` cannot PUT; curl can). */
export function verbosityRoute(verbosity: Verbosity): Route {
  return {
    path: '/debug/flags/v',
    async answer(call) {
      if (call.method !== 'PUT') return plain(406, 'unsupported http method')
      const text = await bodyText(call)
      const level = /^\d+$/.test(text) ? Number(text) : NaN
      if (!(level <= MOST)) return plain(400, `strconv.ParseUint: parsing ${JSON.stringify(text)}: invalid syntax`)
      verbosity.level = level
      return plain(200, `successfully set klog.logging.verbosity to ${level}`)
    },
  }
}

async function bodyText({ body }: Call): Promise<string> {
  if (body.kind === 'bytes') return new TextDecoder().decode(await body.read())
  return body.kind === 'value' ? String(body.value) : ''
}

function plain(status: number, body: string): RawAnswer {
  return { ...textAnswer(status, body), headers: { 'content-type': 'text/plain', 'x-content-type-options': 'nosniff' } }
}
