import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { unifiedDiff } from './unified-diff.ts'

const text = (...lines: string[]): string => lines.join('\n')

test('changes stand with three lines around them', () => {
  const before = text('1', '2', '3', '4', '5', '6', '7', '8', '9', '10')
  assert.equal(unifiedDiff(before, before), '')
  assert.equal(
    unifiedDiff(before, before.replace('5', 'five')),
    text('@@ -2,7 +2,7 @@', ' 2', ' 3', ' 4', '-5', '+five', ' 6', ' 7', ' 8', ''),
  )
  assert.equal(unifiedDiff('a', text('a', 'b')), text('@@ -1 +1,2 @@', ' a', '+b', ''))
  assert.equal(unifiedDiff('a', 'b'), text('@@ -1 +1 @@', '-a', '+b', ''))
})

test('changes that are far apart stand apart', () => {
  const lines = Array.from({ length: 30 }, (_, index) => String(index))
  const after = lines.map((line) => (line === '2' || line === '25' ? 'x' : line))
  const groups = unifiedDiff(text(...lines), text(...after)).match(/^@@.*@@$/gm)
  assert.deepEqual(groups, ['@@ -1,6 +1,6 @@', '@@ -23,7 +23,7 @@'])
})

test('lines that are everywhere in a long text are no anchors', () => {
  const lines = Array.from({ length: 250 }, (_, index) => (index % 2 === 0 ? 'same' : String(index)))
  const diff = unifiedDiff(text(...lines), text(...lines.filter((line) => line !== '101')))
  assert.equal(diff.split('\n').filter((line) => line.startsWith('-')).length, 1)
})

test('property: a diff leads from one text to the other', () => {
  const line = fc.constantFrom('a', 'b', 'c', 'd')
  const lines = fc.array(line, { minLength: 1, maxLength: 40 })
  fc.assert(
    fc.property(lines, lines, (before, after) => {
      assert.deepEqual(patched(before, unifiedDiff(text(...before), text(...after))), after)
    }),
  )
})

/** Applies a diff. */
function patched(before: readonly string[], diff: string): string[] {
  const result: string[] = []
  let at = 0
  for (const one of diff.split('\n').slice(0, -1)) {
    const start = /^@@ -(\d+)(?:,(\d+))? /.exec(one)
    if (start) {
      const from = Number(start[1]) - (start[2] === '0' ? 0 : 1)
      while (at < from) result.push(before[at++] ?? '')
    } else if (one.startsWith('+')) result.push(one.slice(1))
    else {
      assert.equal(one.slice(1), before[at])
      if (one.startsWith(' ')) result.push(one.slice(1))
      at++
    }
  }
  return [...result, ...before.slice(at)]
}
