import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import type { FlowSchema, PriorityLevelConfiguration } from '../../api/generated/types/flowcontrol/v1.ts'
import { VirtualClock } from '../../lib/clock.ts'
import { flowSchemas, priorityLevels } from '../bootstrap/flow-control.ts'
import { parseRequestInfo } from '../request/info.ts'
import { parseQuery } from '../request/query.ts'
import { Levels } from './levels.ts'
import { alwaysOpen } from './turns.ts'

/** What kube-apiserver v1.36.0 answered in its X-Kubernetes-PF headers. */
interface Recorded {
  readonly levels: PriorityLevelConfiguration[]
  readonly schemas: FlowSchema[]
  /** By FlowSchema. */
  readonly levelOf: Readonly<Record<string, string>>
  /** By who asked (name and groups), by the FlowSchema that matched: what they asked. */
  readonly table: Readonly<Record<string, Readonly<Record<string, readonly string[]>>>>
}

const recorded = JSON.parse(readFileSync(new URL('testdata/classified.json', import.meta.url), 'utf8')) as Recorded

/** An impersonated user has more groups than were named. */
function userOf(who: string): { name: string; groups: string[] } {
  const [name = '', list = ''] = who.split(' ')
  const named = list === '' ? [] : list.split(',')
  if (named.includes('system:unauthenticated')) return { name, groups: named }
  return { name, groups: [...named, 'system:authenticated'] }
}

function recordedLevels(): Levels {
  const levels = new Levels({ clock: new VirtualClock(), gate: alwaysOpen, serverSeats: 600 })
  levels.digest([...priorityLevels(), ...recorded.levels], [...flowSchemas(), ...recorded.schemas])
  return levels
}

for (const [who, bySchema] of Object.entries(recorded.table)) {
  test(`requests of ${who} are of the same flow schemas as upstream`, () => {
    const { classifier } = recordedLevels()
    const user = userOf(who)
    for (const [wanted, requests] of Object.entries(bySchema)) {
      for (const request of requests) {
        const [method = '', url = ''] = request.split(' ')
        const [path = '', query = ''] = url.split('?')
        const found = classifier.find(user, parseRequestInfo(method, path, parseQuery(query)))
        assert.equal(found.series.schema, wanted, request)
        assert.equal(found.level.name, recorded.levelOf[wanted], request)
      }
    }
  })
}

test('a flow schema whose priority level is not there matches nobody, and one that comes takes effect', () => {
  const levels = recordedLevels()
  const user = { name: 'x', groups: ['dev', 'system:authenticated'] }
  const info = parseRequestInfo('GET', '/api/v1/nodes', new URLSearchParams())
  assert.equal(levels.classifier.find(user, info).series.schema, 'cluster-scope')
  const level = recorded.levels.find(({ metadata }) => metadata.name === 'flat')
  assert.ok(level)
  const added = { ...level, metadata: { name: 'not-there' } }
  levels.digest([...priorityLevels(), ...recorded.levels, added], [...flowSchemas(), ...recorded.schemas])
  assert.equal(levels.classifier.find(user, info).series.schema, 'nobody-level')
})

test('without any objects there are the mandatory ones', () => {
  const levels = new Levels({ clock: new VirtualClock(), gate: alwaysOpen, serverSeats: 600 })
  const info = parseRequestInfo('GET', '/api/v1/nodes', new URLSearchParams())
  const schemaOf = (...groups: string[]): string => levels.classifier.find({ name: 'x', groups }, info).series.schema
  assert.equal(schemaOf('system:masters'), 'exempt')
  assert.equal(schemaOf('system:authenticated'), 'catch-all')
  assert.equal(schemaOf(), 'catch-all')
})
