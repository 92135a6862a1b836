import { mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join, resolve as resolvePath } from 'node:path'
import { PACKAGES } from './groups.ts'
import { generate } from './output.ts'
import { readUpstream } from './upstream.ts'

const roots = (process.env.SKIFF_UPSTREAM ?? '').split(':')
const output = resolvePath(import.meta.dirname, '../../src/api/generated')
rmSync(output, { recursive: true, force: true })
for (const [path, code] of generate(readUpstream(roots, PACKAGES))) {
  const file = join(output, path)
  mkdirSync(dirname(file), { recursive: true })
  writeFileSync(file, code)
}
