/**
 * Holds what we publish against upstream's own swagger.json (api/openapi-spec/swagger.json of kubernetes v1.36, or the copy that the
 * Python client carries), named by SKIFF_SWAGGER. Skips without it.
 */
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import { builtInResources } from '../../src/api/index.ts'
import { OpenApiDocuments } from '../../src/api/openapi/documents.ts'

type Json = Record<string, unknown>
interface Swagger {
  readonly definitions: Readonly<Record<string, Json>>
  readonly parameters: Readonly<Record<string, Json>>
  readonly paths: Readonly<Record<string, Json>>
}

const file = process.env.SKIFF_SWAGGER
const skip = file === undefined && 'SKIFF_SWAGGER names no swagger.json'
const builtIn = builtInResources.map((definition) => ({ definition }))
const ours = JSON.parse(new OpenApiDocuments({ builtIn, version: 'test' }).v2Json()) as Swagger
const theirs = (file ? JSON.parse(readFileSync(file, 'utf8')) : ours) as Swagger

/** Known to differ: a list type on bytes, which is no list in our model. */
const DIFFERENT = new Set(['io.k8s.kube-aggregator.pkg.apis.apiregistration.v1.APIServiceSpec'])

test('every definition is upstream’s', { skip }, () => {
  for (const [model, definition] of Object.entries(ours.definitions)) {
    if (!DIFFERENT.has(model))
      assert.deepEqual(comparable(definition, ours), comparable(theirs.definitions[model], theirs), model)
  }
})

test('every path is upstream’s', { skip }, () => {
  for (const [path, item] of Object.entries(ours.paths)) {
    assert.deepEqual(comparable(item, ours), comparable(theirs.paths[path], theirs), path)
  }
})

test('no path of what we serve is missing', { skip }, () => {
  const served = Object.keys(ours.paths).filter((path) => /^\/apis?\/.*v\d[^/]*\/$/.test(path))
  const missing = Object.keys(theirs.paths).filter(
    (path) => served.some((root) => path.startsWith(root)) && !ours.paths[path],
  )
  assert.deepEqual(missing, [])
})

/**
 * Without descriptions, enums (upstream's file is written with them off) and CBOR (an alpha that is off by default), and with shared
 * parameters in their place.
 */
function comparable(value: unknown, document: Swagger): unknown {
  if (Array.isArray(value)) {
    return value.filter((item) => !String(item).includes('cbor')).map((item) => comparable(item, document))
  }
  if (typeof value !== 'object' || value === null) return value
  const { $ref } = value as { $ref?: unknown }
  const shared =
    typeof $ref === 'string' &&
    $ref.startsWith('#/parameters/') &&
    document.parameters[$ref.slice('#/parameters/'.length)]
  if (shared) return comparable(shared, document)
  const entries = Object.entries(value).filter(([key, inner]) => !isLeftOut(key, inner))
  return Object.fromEntries(entries.map(([key, inner]) => [key, comparable(inner, document)]))
}

function isLeftOut(key: string, value: unknown): boolean {
  return (key === 'description' && typeof value === 'string') || (key === 'enum' && Array.isArray(value))
}
