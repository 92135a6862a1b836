import assert from 'node:assert/strict'
import { resolve } from 'node:path'
import { test } from 'node:test'
import { Command } from 'commander'
import type { ApiFlagGroup, GivenApiFlags } from './flag.ts'
import { givenApiFlags, withApiFlags } from './options.ts'
import { ApiFlagValues } from './values.ts'

const GROUPS: readonly ApiFlagGroup[] = [
  {
    title: 'Doors',
    flags: [
      { name: 'door-file', kind: 'file', description: 'a file' },
      { name: 'door-open', kind: 'boolean', description: 'open or not' },
      { name: 'door-names', kind: 'list', description: 'names' },
      { name: 'door-width', kind: 'number', description: 'in cm' },
      { name: 'door-delay', kind: 'duration', description: 'before it closes' },
    ],
  },
]

function given(args: readonly string[], saved?: GivenApiFlags): GivenApiFlags {
  const command = withApiFlags(new Command('x').exitOverride(), GROUPS)
  command.parse(args, { from: 'user' })
  return givenApiFlags(command, GROUPS, saved)
}

test('what is given is remembered, files from where they are', () => {
  assert.deepEqual(given(['--door-file', 'a/b.yaml', '--door-open', '--door-names=a,b', '--door-names', 'c']), {
    'door-file': [resolve('a/b.yaml')],
    'door-open': ['true'],
    'door-names': ['a,b', 'c'],
  })
  assert.deepEqual(given(['--door-file', '-'])['door-file'], ['-'])
})

test('what is given now is put upon what was given before, and nothing takes it back', () => {
  const before = { 'door-file': ['/x'], 'door-width': ['80'] }
  assert.deepEqual(given(['--door-width=90'], before), { 'door-file': ['/x'], 'door-width': ['90'] })
  assert.deepEqual(given(['--door-file='], before), { 'door-width': ['80'] })
})

test('values are read as what they should be', () => {
  const flags = new ApiFlagValues(
    given(['--door-open=false', '--door-names=a,b', '--door-names', 'c', '--door-delay=1m30s']),
  )
  assert.equal(flags.boolean('door-open', true), false)
  assert.equal(flags.boolean('door-shut', true), true)
  assert.deepEqual(flags.list('door-names'), ['a', 'b', 'c'])
  assert.equal(flags.number('door-width', 7), 7)
  assert.equal(flags.duration('door-delay', 0), 90_000)
  assert.equal(flags.text('door-file'), undefined)
  assert.equal(flags.has('door-open'), true)
})

test('what cannot be read is said as upstream says it', () => {
  const flags = new ApiFlagValues({ 'door-open': ['maybe'], 'door-width': ['wide'], 'door-delay': ['soon'] })
  assert.throws(() => flags.boolean('door-open', true), {
    message: 'invalid argument "maybe" for "--door-open" flag: strconv.ParseBool: parsing "maybe": invalid syntax',
  })
  assert.throws(() => flags.number('door-width', 1), /invalid argument "wide" for "--door-width" flag/)
  assert.throws(() => flags.duration('door-delay', 1), /invalid argument "soon" for "--door-delay" flag/)
})
