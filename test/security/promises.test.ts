import assert from 'node:assert/strict'
import { existsSync, readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { test } from 'node:test'
import { testName } from './cis/controls.ts'

const root = resolve(import.meta.dirname, '../..')
const read = (path: string): string => readFileSync(resolve(root, path), 'utf8')

/** Rows of SECURITY.md's table of promises. */
const rows = [...read('SECURITY.md').matchAll(/^\| ([^|]+) \| `([^`]+)` \| ([^|]+) \|$/gm)].map(
  ([, promise = '', path = '', name = '']) => ({ promise, path, name }),
)

test('each promise of SECURITY.md names a test that is there', () => {
  assert.ok(rows.length > 30, 'the table is found')
  for (const { promise, path, name } of rows) {
    assert.ok(existsSync(resolve(root, path)), `${promise}: there is no ${path}`)
    if (/^\d+(\.\d+)+$/.test(name)) {
      assert.ok(read(path).includes(`control('${name}'`) && testName(name).length > 10, `${path} has no ${name}`)
    } else {
      // The name of a test, or how the names of many begin.
      const quoted = ["'", '"', '`'].some(
        (quote) => read(path).includes(`${quote}${name}`) || read(path).includes(` ${name}`),
      )
      assert.ok(quoted, `${path} has no test that is called: ${name}`)
    }
  }
})

test('every test of this folder is told of in its README', () => {
  const readme = read('test/security/README.md')
  for (const path of new Set(rows.map((row) => row.path).filter((one) => /^test\/security\/[^/]+$/.test(one))))
    assert.ok(readme.includes(path.replace('test/security/', '')), path)
})
