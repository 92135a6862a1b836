/**
 * Definitions against upstream's own code: each line of the table is an object, and what Kubernetes 1.36.0 answers to
 * its creation (findings, warnings, spec with defaults, cells of the table).
 */
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import { pruneObject } from '../apimachinery/codec/json/prune.ts'
import { semanticEqual } from '../apimachinery/equality.ts'
import { apiVersionOf, type KubeObject } from '../apimachinery/meta.ts'
import type { ResourceDefinition, WriteContext } from '../apimachinery/resource.ts'
import type { FieldError } from '../apimachinery/status.ts'
import { validateObjectMeta } from '../apimachinery/validation/meta.ts'
import { nameIsDnsSubdomain } from '../apimachinery/validation/names.ts'
import { VirtualClock } from '../lib/clock.ts'
import { silentLogger } from '../lib/log.ts'
import { seededRandom } from '../lib/random.ts'
import { builtInResources } from './index.ts'

interface Case {
  readonly object: KubeObject & { kind: string; apiVersion: string }
  readonly errors: readonly string[]
  readonly warnings?: readonly string[]
  /** null where time shows. */
  readonly cells?: readonly unknown[]
  readonly spec?: unknown
}

const env = { clock: new VirtualClock(), random: seededRandom(1), log: silentLogger }
const context: WriteContext = { env, user: '', dryRun: false, subresource: '' }

const table = readFileSync(new URL('testdata/upstream-1.36.jsonl', import.meta.url), 'utf8')
const cases = table
  .trim()
  .split('\n')
  .map((line) => JSON.parse(line) as Case)

/** As the API server creates (src/apiserver/registry/before.ts). */
function create(definition: ResourceDefinition, given: KubeObject): { draft: KubeObject; findings: FieldError[] } {
  const draft = structuredClone(given)
  pruneObject(definition.schema, draft)
  definition.defaults?.(draft, context)
  if (definition.status && !definition.statusOnCreate) delete (draft as { status?: unknown }).status
  draft.metadata.uid = '00000000-0000-0000-0000-000000000000'
  draft.metadata.creationTimestamp = '2023-11-14T22:13:20Z'
  definition.prepareForCreate?.(draft, context)
  const name = (value: string, prefix: boolean): string[] => [
    ...(definition.validateName ?? nameIsDnsSubdomain)(value, prefix),
  ]
  const findings = [
    ...validateObjectMeta(draft.metadata, { namespaced: definition.scope === 'Namespaced', name }),
    ...(definition.validate?.(draft, context) ?? []),
    ...(definition.validateCreate?.(draft, context) ?? []),
  ]
  return { draft, findings }
}

/** What Go leaves out and what it writes as zero are the same. */
function withoutZeros(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withoutZeros)
  if (typeof value !== 'object' || value === null) return value
  const kept = Object.entries(value).map(([key, field]) => [key, withoutZeros(field)] as const)
  return Object.fromEntries(kept.filter(([, field]) => !isZero(field)))
}

const isZero = (value: unknown): boolean =>
  value === undefined ||
  value === null ||
  value === '' ||
  value === 0 ||
  value === false ||
  (typeof value === 'object' && Object.keys(value).length === 0)

const texts = (findings: readonly FieldError[]): string[] =>
  [...new Set(findings.map(({ field, message }) => `${field}: ${message}`))].sort()

for (const definition of builtInResources) {
  const own = cases.filter(
    ({ object }) => object.kind === definition.kind && object.apiVersion === apiVersionOf(definition),
  )
  if (own.length === 0) continue
  test(`${definition.group}/${definition.version} ${definition.kind} is what upstream makes of it`, () => {
    for (const { object, errors, warnings = [], cells = [], spec } of own) {
      const { draft, findings } = create(definition, object)
      const what = JSON.stringify(object)
      assert.deepEqual(texts(findings), [...new Set(errors)].sort(), what)
      if (errors.length > 0) continue
      const warned = [...(definition.warnings?.(draft) ?? [])].filter((text) => !text.includes('v1 Endpoints is dep'))
      assert.deepEqual(warned.sort(), warnings.toSorted(), what)
      const made = (draft as { spec?: unknown }).spec
      assert.ok(semanticEqual(withoutZeros(made), withoutZeros(spec)), `${what}\n${JSON.stringify(made)}`)
      if (definition.columns.length === 0) continue
      for (const [index, cell] of cells.entries()) {
        const column = definition.columns[index]
        if (cell !== null) assert.equal(column?.value(draft, 0), cell, `${column?.name ?? ''} of ${what}`)
      }
    }
  })
}
