import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { text } from 'node:stream/consumers'
import test from 'node:test'
import { fileURLToPath } from 'node:url'

const BIN = fileURLToPath(new URL('../../bin/skiff.mjs', import.meta.url))

test('a command whose reader has gone ends without a word', async () => {
  const env = { ...process.env, SKIFF_FROM_SOURCE: '1' }
  const command = spawn(process.execPath, [BIN, 'completion', 'bash'], { env, stdio: ['ignore', 'pipe', 'pipe'] })
  command.stdout.destroy()
  const [said, [code]] = await Promise.all([text(command.stderr), once(command, 'exit')])
  assert.deepEqual([said, code], ['', 141])
})
