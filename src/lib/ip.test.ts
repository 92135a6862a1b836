import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { cidrContains, cidrRange, formatCidr, formatIp, isMappedIpv4, parseCidr, parseIp } from './ip.ts'

test('addresses are parsed and printed in canonical form', () => {
  for (const [text, canonical] of [
    ['10.9.8.7', '10.9.8.7'],
    ['2001:DB8:0:0:0:0:0:1', '2001:db8::1'],
    ['::', '::'],
    ['1::', '1::'],
    ['::1', '::1'],
    ['0:0:1:0:0:0:0:0', '0:0:1::'],
    ['1:0:0:2:0:0:0:3', '1:0:0:2::3'],
    ['64:ff9b::1.2.3.4', '64:ff9b::102:304'],
    ['::ffff:1.2.3.4', '1.2.3.4'],
  ] as const) {
    const ip = parseIp(text)
    assert.ok(ip, text)
    assert.equal(formatIp(ip), canonical)
  }
})

test('what is no address is refused', () => {
  for (const text of [
    '',
    '1.2.3',
    '1.2.3.256',
    '1.2.3.4.5',
    'a.b.c.d',
    ':',
    ':::',
    '1:2',
    '1::2::3',
    '12345::',
    'fe80::1%eth0',
  ])
    assert.equal(parseIp(text, true), undefined, text)
})

test('leading zeros are refused unless reading is loose', () => {
  assert.equal(parseIp('010.0.0.1'), undefined)
  assert.deepEqual(parseIp('010.0.0.1', true), parseIp('10.0.0.1'))
  assert.equal(parseCidr('10.0.0.0/08'), undefined)
  assert.ok(parseCidr('10.0.0.0/08', true))
})

test('mapped addresses are told apart', () => {
  assert.equal(isMappedIpv4(parseIp('::ffff:1.2.3.4')!), true)
  assert.equal(isMappedIpv4(parseIp('::1')!), false)
})

test('blocks know their range and what they hold', () => {
  const block = parseCidr('10.1.2.3/8')!
  assert.equal(formatCidr(block), '10.0.0.0/8')
  assert.equal(cidrContains(block, parseIp('10.255.0.1')!), true)
  assert.equal(cidrContains(block, parseIp('11.0.0.0')!), false)
  assert.equal(cidrContains(block, parseIp('::a00:1')!), false)
  assert.equal(formatIp({ version: 4, value: cidrRange(block).last }), '10.255.255.255')
  assert.equal(parseCidr('10.0.0.0/33'), undefined)
  assert.equal(parseCidr('10.0.0.0'), undefined)
})

test('every address survives being printed and read again', () => {
  fc.assert(
    fc.property(fc.bigInt({ min: 0n, max: (1n << 128n) - 1n }), (value) => {
      const ip = { version: 6 as const, value }
      if (!isMappedIpv4(ip)) assert.deepEqual(parseIp(formatIp(ip)), ip)
    }),
  )
})
