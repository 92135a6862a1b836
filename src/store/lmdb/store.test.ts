import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after } from 'node:test'
import { storeSuite } from '../store.suite.ts'
import { LmdbStore } from './store.ts'

const folder = mkdtempSync(join(tmpdir(), 'skiff-store-'))
let count = 0
after(() => rmSync(folder, { recursive: true }))

storeSuite('lmdb', (options) => LmdbStore.open({ ...options, path: join(folder, `${count++}`) }))
