import assert from 'node:assert/strict'
import test from 'node:test'
import { rewriteLinks } from './html-links.ts'

const PREFIX = '/api/v1/namespaces/a/pods/p/proxy'
const CASES: [string, string][] = [
  ['<a href="/rewriteme">test</a>', `<a href="${PREFIX}/rewriteme">test</a>`],
  ["<a class=x href='/dir/'>test</a>", `<a class=x href='${PREFIX}/dir/'>test</a>`],
  ['<IMG SRC=/x.png alt="/y">', `<IMG SRC=${PREFIX}/x.png alt="/y">`],
  ['<a href="http://10.0.0.7:80/x?y=1#z">', `<a href="${PREFIX}/x?y=1#z">`],
  ['<a href="relative/x">', '<a href="relative/x">'],
  ['<a href="https://example.test/x">', '<a href="https://example.test/x">'],
  ['<a href="//example.test/x">', '<a href="//example.test/x">'],
  [`<a href="${PREFIX}/x">`, `<a href="${PREFIX}/x">`],
  ['<p title="/x">/y</p>', '<p title="/x">/y</p>'],
  ['<a href="">', '<a href="">'],
]

for (const [html, expected] of CASES)
  test(html, () => assert.equal(rewriteLinks(html, PREFIX, '10.0.0.7:80'), expected))

test('a page that never closes its tags costs little', () => {
  assert.equal(rewriteLinks('<a '.repeat(300_000), PREFIX, 'h').length, 900_000)
})
