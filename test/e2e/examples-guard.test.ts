import { globSync } from 'node:fs'
import { basename, resolve } from 'node:path'
import { describe, it } from 'node:test'
import { noKubectl } from './kubectl/program.ts'
import { walkThrough } from './walk.ts'

const folders = globSync(resolve(import.meta.dirname, '../../examples/guard/*/README.md')).map((file) =>
  resolve(file, '..'),
)

describe('what the READMEs of examples/guard say happens', { skip: noKubectl() }, () => {
  for (const folder of folders.toSorted()) it(basename(folder), () => walkThrough(folder))
})
