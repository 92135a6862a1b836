import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { resolve } from 'node:path'
import test from 'node:test'
import { promisify } from 'node:util'

const root = resolve(import.meta.dirname, '../..')

test('the Vitest example passes under Vitest', async () => {
  const vitest = resolve(root, 'node_modules/vitest/vitest.mjs')
  const args = [vitest, 'run', '--root', 'examples/testing-vitest']
  const { stdout } = await promisify(execFile)(process.execPath, args, {
    cwd: root,
    env: { ...process.env, NO_COLOR: '1' },
  })
  assert.match(stdout, /Tests +3 passed \(3\)/)
})
