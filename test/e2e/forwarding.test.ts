import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { test } from 'node:test'
import { noContainers } from './skip.ts'

const MODULE = new URL('../../src/host/network/forwarding.ts', import.meta.url).href

/** In a network namespace of its own: applies `rules`, runs `code` with our module as `it`, and gives the ruleset then. */
function inOwnNetwork(rules: string, code: string): string {
  const script = 'nft "$1" && "$2" --input-type=module -e "$3" && nft list ruleset'
  const program = `const it = await import('${MODULE}'); ${code}`
  return execFileSync('unshare', ['--net', 'sh', '-c', script, 'sh', rules, process.execPath, program], {
    encoding: 'utf8',
  })
}

const DROPS = 'add table ip filter; add chain ip filter FORWARD { type filter hook forward priority 0; policy drop; }'

test(
  'pods are let through where the machine forwards nothing, once, and no more after',
  { skip: noContainers() },
  () => {
    const allowed = inOwnNetwork(DROPS, 'await it.allowForwarding("skiff0"); await it.allowForwarding("skiff0")')
    assert.match(allowed, /oifname "skiff0" accept/)
    assert.equal(allowed.match(/iifname "skiff0" accept/g)?.length, 1)
    const removed = inOwnNetwork(DROPS, 'await it.allowForwarding("skiff0"); await it.removeForwarding("skiff0")')
    assert.doesNotMatch(removed, /skiff0/)
  },
)

test('a machine that forwards is left alone', { skip: noContainers() }, () => {
  const accepting = DROPS.replace('policy drop', 'policy accept')
  assert.doesNotMatch(inOwnNetwork(accepting, 'await it.allowForwarding("skiff0")'), /skiff0/)
})
