import assert from 'node:assert/strict'
import test from 'node:test'
import { waitsForTokenSecrets } from './plugin.ts'

const CASES: [string, boolean][] = [
  ['e2e.test/v1.20.2 (linux/amd64) kubernetes/faecb19 -- [k8s.io] Pods', true],
  ['e2e.test/v0.0.0 (linux/amd64) kubernetes/$Format -- [k8s.io] Pods', true],
  ['kubectl/v1.23.17 (linux/amd64) kubernetes/953be89', true],
  ['kubectl/v1.24.0 (linux/amd64) kubernetes/4ce5a89', false],
  ['e2e.test/v1.36.0 (linux/amd64) kubernetes/abcdef', false],
  ['my-operator/v0.0.0 (linux/amd64) kubernetes/$Format', false],
  ['', false],
]

for (const [userAgent, expected] of CASES) {
  test(`${userAgent || 'no user agent'}: ${expected}`, () => assert.equal(waitsForTokenSecrets(userAgent), expected))
}
