import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { TestContext } from 'node:test'

/** A new folder, removed when the test is over. */
export function testFolder(t: TestContext): string {
  const path = mkdtempSync(join(tmpdir(), 'skiff-store-'))
  t.after(() => rmSync(path, { recursive: true, force: true }))
  return path
}
