import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

/** Flags with which a server tells of every request at one level, to a file; both take the same. */
export function auditFlags(level: string): readonly string[] {
  const folder = mkdtempSync(join(tmpdir(), 'skiff-bench-audit-'))
  process.on('exit', () => rmSync(folder, { recursive: true, force: true }))
  const policy = join(folder, 'policy.yaml')
  writeFileSync(policy, `apiVersion: audit.k8s.io/v1\nkind: Policy\nrules: [{level: ${level}}]\n`)
  return ['--audit-policy-file', policy, '--audit-log-path', join(folder, 'audit.log'), '--audit-log-maxbackup', '1']
}
