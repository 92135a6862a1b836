import assert from 'node:assert/strict'
import { test } from 'node:test'
import { validateInterfaceAddress } from './ip.ts'

test('an interface has a whole address and the length of its network, in canonical form', () => {
  const said = (value: string): string[] => validateInterfaceAddress('f', value).map(({ message }) => message)
  for (const value of ['10.0.0.1/24', '10.0.0.0/24', '2001:db8::1/64']) assert.deepEqual(said(value), [])
  assert.deepEqual(said('val'), [
    'Invalid value: "val": must be a valid address in CIDR form, (e.g. 10.9.8.7/24 or 2001:db8::1/64)',
  ])
  for (const [value, canonical] of [
    ['10.0.0.01/24', '10.0.0.1/24'],
    ['2001:DB8::1/64', '2001:db8::1/64'],
    ['::ffff:10.0.0.1/120', '10.0.0.1/24'],
  ] as const) {
    assert.deepEqual(said(value), [`Invalid value: "${value}": must be in canonical form ("${canonical}")`])
  }
})
