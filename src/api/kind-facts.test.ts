import assert from 'node:assert/strict'
import { test } from 'node:test'
import { kinds, groupVersions } from './generated/kinds.ts'
import { builtInResources } from './index.ts'

/** Kinds without a client of their own in upstream, which the API server serves all the same. */
const WITHOUT_CLIENT = new Set(['Binding'])

test('every definition agrees with upstream about its name, plural, scope, schema and status', () => {
  for (const definition of builtInResources) {
    const { group, version, kind } = definition
    const facts = kinds.find((k) => k.group === group && k.version === version && k.kind === kind)
    assert.ok(facts, `${group}/${version} ${kind} is no kind of upstream`)
    assert.equal(definition.schema.name, facts.schema)
    if (WITHOUT_CLIENT.has(kind)) continue
    assert.equal(definition.plural, facts.plural, kind)
    assert.equal(definition.scope, facts.scope, kind)
    if (facts.list) assert.equal(definition.listKind, facts.list)
    const reviews = facts.onlyVerbs?.join() === 'create'
    if (!reviews) assert.equal(definition.status, facts.status ?? false, `${kind} status`)
  }
})

test('every subresource that upstream’s clients have is defined', () => {
  for (const { group, version, kind, methods = [] } of kinds) {
    const definition = builtInResources.find((d) => d.group === group && d.version === version && d.kind === kind)
    if (!definition) continue
    const names = new Set(definition.subresources.map((s) => s.name))
    if (definition.scale) names.add('scale')
    for (const { subresource } of methods) assert.ok(names.has(subresource), `${kind}/${subresource}`)
  }
})

test('every resource of the group versions that are served by default is defined', () => {
  const served = groupVersions.filter((gv) => gv.served)
  assert.equal(served.length, 22)
  for (const facts of kinds) {
    const isServed = served.some((gv) => gv.group === facts.group && gv.version === facts.version)
    if (!isServed || facts.plural === undefined || facts.onlyVerbs?.length === 0) continue
    const found = builtInResources.some(
      (d) => d.group === facts.group && d.version === facts.version && d.kind === facts.kind,
    )
    assert.ok(found, `${facts.group}/${facts.version} ${facts.plural} is not defined`)
  }
})
