import { encodeYaml } from '../../apimachinery/codec/yaml/yaml.ts'
import type { Clock } from '../../lib/clock.ts'
import type { RawAnswer } from '../registry/answer.ts'
import { type Call, header, warn } from '../request/call.ts'
import { notAcceptable, parseAccept } from '../request/negotiate.ts'
import { textAnswer } from '../routes/text.ts'
import type { Route } from '../routes/routes.ts'
import { DEFAULT_VERSION, type VersionInfo } from '../version.ts'

export interface ZPagesOptions {
  readonly clock: Clock
  readonly version?: VersionInfo
  /** Every flag of the server with its value. */
  readonly flags: () => Readonly<Record<string, string>>
}

const NAME = 'apiserver'
const GROUP = 'config.k8s.io'
const PATHS = ['/flagz', '/healthz', '/livez', '/metrics', '/readyz', '/statusz', '/version']
const NOT_FOR_MACHINES =
  'Warning: This endpoint is not meant to be machine parseable, has no formatting compatibility guarantees and is for debugging purposes only.'

/** /flagz and /statusz: what a server was started with, and how it is. For people as text, for programs as `config.k8s.io` objects. */
export function zpages({ clock, flags, version = DEFAULT_VERSION }: ZPagesOptions): Route[] {
  const started = clock.now()
  const status = (): Readonly<Record<string, unknown>> => ({
    startTime: `${new Date(started).toISOString().slice(0, -5)}Z`,
    uptimeSeconds: Math.floor((clock.now() - started) / 1000),
    goVersion: version.goVersion,
    binaryVersion: version.gitVersion.slice(1),
    emulationVersion: `${version.emulationMajor}.${version.emulationMinor}`,
    paths: PATHS,
  })
  return [
    {
      path: '/flagz',
      answer: (call) =>
        page(
          call,
          'Flagz',
          () => ({ flags: flags() }),
          () => flagLines(flags()),
        ),
    },
    {
      path: '/statusz',
      answer: (call) => page(call, 'Statusz', status, () => statusLines(started, clock.now(), version)),
    },
  ]
}

function page(
  call: Call,
  kind: 'Flagz' | 'Statusz',
  object: () => Readonly<Record<string, unknown>>,
  lines: () => readonly string[],
): RawAnswer {
  const form = formOf(call, kind)
  if (form === 'text') {
    const text = ['', `${NAME} ${kind.toLowerCase()}`, NOT_FOR_MACHINES, ...lines(), ''].join('\n')
    const { 'x-content-type-options': _, ...headers } = textAnswer(200, text).headers
    return { type: 'raw', status: 200, headers, body: text }
  }
  const { type, version } = form
  if (version === 'v1alpha1')
    warn(call, `This version of the ${kind.toLowerCase()} endpoint is deprecated. Please use a newer version.`)
  const whole = { kind, apiVersion: `${GROUP}/${version}`, metadata: { name: NAME }, ...object() }
  const body = type === 'application/yaml' ? encodeYaml(whole) : `${JSON.stringify(whole, undefined, 2)}\n`
  return { type: 'raw', status: 200, headers: { 'content-type': `${type};g=${GROUP};v=${version};as=${kind}` }, body }
}

type Form = 'text' | { readonly type: 'application/json' | 'application/yaml'; readonly version: string }

/** Throws 406. JSON and YAML have to say of which version. */
function formOf({ headers }: Call, kind: string): Form {
  const accept = header(headers, 'accept')
  if (accept === '') return 'text'
  for (const { type, params } of parseAccept(accept)) {
    if (['text/plain', 'text/*', '*/*'].includes(type)) return 'text'
    const version = params.get('v') ?? ''
    const known = ['v1alpha1', 'v1beta1'].includes(version) && params.get('g') === GROUP && params.get('as') === kind
    if (known && (type === 'application/json' || type === 'application/yaml')) return { type, version }
  }
  throw notAcceptable(['application/json', 'application/yaml', 'text/plain'])
}

function flagLines(flags: Readonly<Record<string, string>>): string[] {
  return Object.keys(flags)
    .sort()
    .map((name) => `${name}=${flags[name] ?? ''}`)
}

function statusLines(startedMs: number, nowMs: number, version: VersionInfo): string[] {
  const seconds = Math.floor((nowMs - startedMs) / 1000)
  const two = (value: number): string => String(value).padStart(2, '0')
  return [
    '',
    `Started: ${new Date(startedMs).toUTCString()}`,
    `Up: ${Math.floor(seconds / 3600)} hr ${two(Math.floor(seconds / 60) % 60)} min ${two(seconds % 60)} sec`,
    `Go version: ${version.goVersion}`,
    `Binary version: ${version.gitVersion.slice(1)}`,
    `Emulation version: ${version.emulationMajor}.${version.emulationMinor}`,
    `Paths: ${PATHS.join(' ')}`,
  ]
}
