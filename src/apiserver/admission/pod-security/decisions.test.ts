import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import { BASELINE } from './baseline.ts'
import type { PodLike } from './check.ts'
import { violations, violationsText } from './policy.ts'
import { RESTRICTED } from './restricted.ts'

/** From which minor version on a pod does which violations. */
type Runs = readonly (readonly [minor: number, ...violations: number[]])[]

/** What k8s.io/pod-security-admission v0.36.0 says of the pods of its own fixtures, and of some that break several rules. */
interface Decisions {
  readonly bases: readonly PodLike[]
  readonly violations: readonly string[]
  /** Each pod is a base with some paths set anew; null takes away. */
  readonly pods: readonly {
    readonly base: number
    readonly set: Readonly<Record<string, unknown>>
    readonly baseline: Runs
    readonly restricted: Runs
  }[]
}

const decisions = JSON.parse(readFileSync(new URL('generated/decisions.json', import.meta.url), 'utf8')) as Decisions
type Tree = { [key: string]: unknown }

/** One more is `latest`. */
const LAST = 37

function podOf({ base, set }: Decisions['pods'][number]): PodLike {
  const changes = Object.entries(set)
  if ('' in set) return { metadata: {}, ...(set[''] as object) } as PodLike
  const pod = structuredClone(decisions.bases[base]) as unknown as Tree
  for (const [path, value] of changes) {
    const keys = path.split(' ')
    const last = keys.pop() ?? ''
    const parent = keys.reduce((at, key) => at[key] as Tree, pod)
    if (value === null) delete parent[last]
    else parent[last] = value
  }
  return { metadata: {}, ...pod } as unknown as PodLike
}

function wanted(runs: Runs, minor: number): string {
  const [, ...numbers] = runs.findLast(([since]) => since <= minor) ?? [0]
  return numbers.map((number) => decisions.violations[number]).join(', ')
}

for (const level of ['baseline', 'restricted'] as const) {
  test(`every version of ${level} decides as upstream, in its words`, () => {
    let allowed = 0
    let refused = 0
    for (const one of decisions.pods) {
      const pod = podOf(one)
      for (let minor = 0; minor <= LAST; minor++) {
        const text = violationsText(violations({ level, minor: minor === LAST ? Infinity : minor }, pod))
        if (text !== wanted(one[level], minor))
          assert.equal(text, wanted(one[level], minor), `v1.${minor} of ${JSON.stringify(pod)}`)
        if (text) refused++
        else allowed++
      }
    }
    assert.ok(allowed > 1000 && refused > 1000, `${allowed} allowed, ${refused} refused`)
  })
}

test('the pods break every rule, and keep it', () => {
  for (const { id, since, find } of [...BASELINE, ...RESTRICTED]) {
    const found = decisions.pods.map((one) => find(podOf(one), Math.max(since, 36)) !== undefined)
    assert.ok(found.includes(true) && found.includes(false), id)
  }
})
