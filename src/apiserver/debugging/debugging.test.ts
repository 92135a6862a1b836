import assert from 'node:assert/strict'
import { test } from 'node:test'
import { VirtualClock } from '../../lib/clock.ts'
import type { Verbosity } from '../../lib/verbosity.ts'
import { ANONYMOUS } from '../authn/types.ts'
import type { RawAnswer } from '../registry/answer.ts'
import type { Call } from '../request/call.ts'
import { parseRequestInfo } from '../request/info.ts'
import { type Route, Routes } from '../routes/routes.ts'
import { profileRoutes } from './profiles.ts'
import { verbosityRoute } from './verbosity.ts'
import { zpages } from './zpages.ts'

interface Asked {
  readonly method?: string
  readonly accept?: string
  readonly body?: string
}

async function ask(routes: readonly Route[], url: string, { method = 'GET', accept, body }: Asked = {}) {
  const all = new Routes()
  for (const route of routes) all.add(route)
  const [path = '', search = ''] = url.split('?')
  const query = new URLSearchParams(search)
  const warnings: string[] = []
  const call: Call = {
    method,
    info: parseRequestInfo(method, path, query),
    query,
    headers: accept === undefined ? {} : { accept },
    user: ANONYMOUS,
    body: body === undefined ? { kind: 'none' } : { kind: 'value', value: body },
    signal: new AbortController().signal,
    warnings,
    annotations: new Map(),
  }
  const answer = (await all.answer(call)) as RawAnswer
  return { status: answer.status, type: answer.headers['content-type'], text: String(answer.body), warnings }
}

const clock = new VirtualClock(Date.UTC(2026, 0, 2, 3, 4, 5))
const pages = zpages({ clock, flags: () => ({ profiling: 'true', 'audit-policy-file': '' }) })

test('flagz and statusz are text for people', async () => {
  const { text, type } = await ask(pages, '/flagz')
  assert.equal(type, 'text/plain; charset=utf-8')
  assert.deepEqual(text.split('\n').slice(3), ['audit-policy-file=', 'profiling=true', ''])
  assert.match(
    (await ask(pages, '/statusz', { accept: '*/*' })).text,
    /^\napiserver statusz\nWarning: .*\n\nStarted: Fri, 02 Jan/,
  )
})

test('and objects for programs, which say of which version', async () => {
  const accept = 'application/json;v=v1beta1;g=config.k8s.io;as=Statusz'
  const { text, type } = await ask(pages, '/statusz', { accept })
  assert.equal(type, 'application/json;g=config.k8s.io;v=v1beta1;as=Statusz')
  const { kind, apiVersion, startTime, emulationVersion } = JSON.parse(text) as Record<string, unknown>
  assert.deepEqual(
    [kind, apiVersion, startTime, emulationVersion],
    ['Statusz', 'config.k8s.io/v1beta1', '2026-01-02T03:04:05Z', '1.36'],
  )
  const old = await ask(pages, '/flagz', { accept: 'application/yaml;v=v1alpha1;g=config.k8s.io;as=Flagz' })
  assert.match(old.text, /kind: Flagz/)
  assert.deepEqual(old.warnings, ['This version of the flagz endpoint is deprecated. Please use a newer version.'])
})

for (const accept of ['application/json', 'application/json;v=v1beta1;g=config.k8s.io;as=Statusz', 'text/html'])
  test(`flagz is not to be had as ${accept}`, async () => {
    await assert.rejects(ask(pages, '/flagz', { accept }), {
      message: 'only the following media types are accepted: application/json, application/yaml, text/plain',
    })
  })

test('what is logged can be changed while the server runs', async () => {
  const verbosity: Verbosity = { level: 0 }
  const route = [verbosityRoute(verbosity)]
  assert.deepEqual(await ask(route, '/debug/flags/v', { method: 'PUT', body: '4' }), {
    status: 200,
    type: 'text/plain',
    text: 'successfully set klog.logging.verbosity to 4',
    warnings: [],
  })
  assert.equal(verbosity.level, 4)
  const bad = await ask(route, '/debug/flags/v', { method: 'PUT', body: 'x' })
  assert.deepEqual([bad.status, bad.text], [400, 'strconv.ParseUint: parsing "x": invalid syntax'])
  assert.equal((await ask(route, '/debug/flags/v')).status, 406)
  assert.equal(verbosity.level, 4)
})

test('profiles are taken for as long as is asked, within a bound', async () => {
  const asked: number[] = []
  const routes = profileRoutes({
    cpu(seconds) {
      asked.push(seconds)
      return seconds === 2
        ? Promise.reject(new Error('cpu profiling already in use'))
        : Promise.resolve(Uint8Array.of(65))
    },
    heap: () => Promise.resolve(Uint8Array.of(66)),
  })
  assert.equal((await ask(routes, '/debug/pprof/profile?seconds=1')).type, 'application/octet-stream')
  const busy = await ask(routes, '/debug/pprof/profile?seconds=2')
  assert.deepEqual([busy.status, busy.text], [500, 'Could not enable CPU profiling: cpu profiling already in use\n'])
  for (const seconds of ['100000', '-1', 'x'])
    assert.equal((await ask(routes, `/debug/pprof/profile?seconds=${seconds}`)).status, 400)
  assert.deepEqual(asked, [1, 2])
  assert.equal((await ask(routes, '/debug/pprof/heap')).status, 200)
  assert.equal((await ask(routes, '/debug/pprof/nothing')).status, 404)
  assert.match((await ask(routes, '/debug/pprof/')).text, /heap/)
})
