import type { RawAnswer } from '../registry/answer.ts'
import type { Route } from '../routes/routes.ts'
import { textAnswer } from '../routes/text.ts'

/** Takes profiles of the process, in pprof's format (gzipped). */
export interface Profiler {
  /** Where time goes, over so many seconds. Rejects when one is being taken. */
  cpu(seconds: number, signal: AbortSignal): Promise<Uint8Array>
  /** Where memory was allocated that is still in use. */
  heap(): Promise<Uint8Array>
}

/** Upstream's span when none is asked for. */
const DEFAULT_SECONDS = 30
const LONGEST_SECONDS = 300

/** /debug/pprof, for `go tool pprof` and its like. */
export function profileRoutes(profiler: Profiler): Route[] {
  return [
    { path: '/debug/pprof', answer: () => movedTo('/debug/pprof/') },
    {
      path: '/debug/pprof/profile',
      answer: async ({ query, signal }) => {
        const seconds = Number(query.get('seconds') ?? DEFAULT_SECONDS)
        if (!(seconds > 0 && seconds <= LONGEST_SECONDS))
          return textAnswer(400, 'profile duration exceeds server limit\n')
        return attachment('profile', () => profiler.cpu(seconds, signal))
      },
    },
    {
      path: '/debug/pprof/',
      answer: ({ info: { path } }) => {
        const name = path.slice('/debug/pprof/'.length)
        if (name === '') return INDEX
        if (name === 'heap' || name === 'allocs') return attachment(name, () => profiler.heap())
        return textAnswer(404, 'Unknown profile\n')
      },
    },
  ]
}

const INDEX: RawAnswer = {
  type: 'raw',
  status: 200,
  headers: { 'content-type': 'text/html; charset=utf-8', 'x-content-type-options': 'nosniff' },
  body: `<html><head><title>/debug/pprof/</title></head><body>
<p>/debug/pprof/</p>
<ul>
<li><a href="heap">heap</a>: where memory was allocated that is still in use</li>
<li><a href="profile?seconds=30">profile</a>: where time goes, over so many seconds</li>
</ul>
</body></html>
`,
}

async function attachment(name: string, take: () => Promise<Uint8Array>): Promise<RawAnswer> {
  try {
    const body = await take()
    const headers = {
      'content-type': 'application/octet-stream',
      'content-disposition': `attachment; filename="${name}"`,
      'x-content-type-options': 'nosniff',
    }
    return { type: 'raw', status: 200, headers, body }
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error)
    return textAnswer(500, `Could not enable CPU profiling: ${why}\n`)
  }
}

function movedTo(location: string): RawAnswer {
  return { type: 'raw', status: 301, headers: { location }, body: '' }
}
