import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import test from 'node:test'
import { promisify } from 'node:util'
import { startCluster } from '../../src/testing/index.ts'

const run = promisify(execFile)
/** client-go of Kubernetes 1.36 says it needs this Go. */
const NEEDED = { major: 1, minor: 26 }
const BUILD_TIMEOUT_MS = 400_000

const source = join(import.meta.dirname, 'go')

test('a program of client-go', { skip: await whyNot(), timeout: BUILD_TIMEOUT_MS + 60_000 }, async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'skiff-go-'))
  t.after(() => rmSync(folder, { recursive: true, force: true }))
  const program = join(folder, 'clients')
  await run('go', ['build', '-o', program, '.'], {
    cwd: source,
    env: { ...process.env, CGO_ENABLED: '0' },
    timeout: BUILD_TIMEOUT_MS,
  })
  await using cluster = await startCluster()
  const kubeconfig = join(folder, 'kubeconfig')
  writeFileSync(kubeconfig, await cluster.kubeconfig(), { mode: 0o600 })
  const { stdout, stderr } = await outcome(program, kubeconfig)
  const lines = stdout.trimEnd().split('\n')
  assert.ok(lines.length > 10, `${stdout}${stderr}`)
  for (const line of lines) {
    await t.test(line.replace(/^(ok|failed) ([^:]*).*/, '$2'), () => assert.match(line, /^ok /))
  }
})

/** What it printed, whether all went well or not. */
async function outcome(program: string, kubeconfig: string): Promise<{ stdout: string; stderr: string }> {
  try {
    return await run(program, [], { env: { ...process.env, KUBECONFIG: kubeconfig } })
  } catch (error) {
    if (error instanceof Error && 'stdout' in error && 'stderr' in error) {
      return { stdout: String(error.stdout), stderr: String(error.stderr) }
    }
    throw error
  }
}

async function whyNot(): Promise<string | false> {
  try {
    const { stdout } = await run('go', ['env', 'GOVERSION'])
    const [major = 0, minor = 0] = stdout.trim().replace('go', '').split('.').map(Number)
    if (major < NEEDED.major || (major === NEEDED.major && minor < NEEDED.minor)) {
      return `it needs Go ${NEEDED.major}.${NEEDED.minor}; this is ${stdout.trim()}`
    }
  } catch {
    return 'Go is not installed'
  }
  try {
    await run('go', ['mod', 'download'], { cwd: source, timeout: BUILD_TIMEOUT_MS })
    return false
  } catch (error) {
    return `client-go cannot be downloaded: ${String(error)}`
  }
}
