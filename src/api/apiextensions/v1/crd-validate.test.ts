import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import { copyJson } from '../../../lib/json-value.ts'
import type { WriteContext } from '../../../apimachinery/resource.ts'
import type { CustomResourceDefinition } from '../../generated/types/apiextensions/v1.ts'
import { customResourceDefinitions } from './customresourcedefinition.ts'
import { warnAboutFormats } from './crd-warnings.ts'

/** What kube-apiserver v1.36.0 said of each: the findings by field, and the warnings, both sorted. */
interface Case {
  readonly name: string
  /** Of the only version of an otherwise plain definition. */
  readonly schema?: object
  readonly definition?: object
  readonly errors?: readonly string[]
  readonly warnings?: readonly string[]
}

const cases = JSON.parse(readFileSync(new URL('generated/validation.json', import.meta.url), 'utf8')) as readonly Case[]
const context = { subresource: '' } as WriteContext

const plain = (schema: object): object => ({
  metadata: { name: 'foos.ex.com' },
  spec: {
    group: 'ex.com',
    scope: 'Namespaced',
    names: { plural: 'foos', kind: 'Foo' },
    versions: [{ name: 'v1', served: true, storage: true, schema: { openAPIV3Schema: schema } }],
  },
})

for (const { name, schema, definition, errors = [], warnings = [] } of cases) {
  test(`a definition: ${name}`, () => {
    const crd = copyJson(schema ? plain(schema) : (definition ?? {})) as CustomResourceDefinition
    customResourceDefinitions.defaults?.(crd, context)
    customResourceDefinitions.prepareForCreate?.(crd, context)
    const found = [
      ...(customResourceDefinitions.validate?.(crd, context) ?? []),
      ...(customResourceDefinitions.validateCreate?.(crd, context) ?? []),
    ]
    assert.deepEqual([...new Set(found.map(({ field, message }) => `${field}: ${message}`))].sort(), [
      ...new Set(errors),
    ])
    if (errors.length === 0) assert.deepEqual(warnAboutFormats(crd).sort(), warnings)
  })
}
