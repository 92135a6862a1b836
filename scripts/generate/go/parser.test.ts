import assert from 'node:assert/strict'
import { test } from 'node:test'
import { markersOf } from './markers.ts'
import { parseGo } from './parser.ts'

const source = `
// Package docs.
// +groupName=example.io

package v1 // +notAMarker

import (
	"k8s.io/apimachinery/pkg/types"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// +genclient
// +genclient:nonNamespaced

// Boat floats.
type Boat struct {
	metav1.TypeMeta \`json:",inline"\`
	// Names in order.
	// +listType=atomic
	Names []string \`json:"names,omitempty" protobuf:"bytes,2,rep,name=names"\` // trailing
	Weights map[string]*int64 \`json:"weights"\`
	Raw []byte \`json:"raw"\`
	Owner *types.UID \`json:"owner"\`
	A, B int32
	Embedded
	Anything interface{} \`json:"anything"\`
}

/*
 +enum
*/
type Kind string

type Alias = metav1.Condition

type (
	Names []string
	Fn    func(a int) error
)

const (
	KindSail Kind = "Sail"
	KindSteam     = Kind("Steam")
	Number        = 3
	Plain         = "plain"
	Sum           = "a" + "b"
	Other         Kind = metav1.Other
	Again              = Kind(KindSail)
)

func (b *Boat) String() string {
	type hidden struct{}
	return "{" + fmt.Sprint(b) + "}"
}

var _ = map[string]int{"a": 1}
`

const file = parseGo(source)
const boat = file.types.find((t) => t.name === 'Boat')
const fields = boat?.type.kind === 'struct' ? boat.type.fields : []
const field = (name: string) => fields.find((f) => f.name === name)

test('imports, by alias or by the last element of their path', () => {
  assert.equal(file.packageName, 'v1')
  assert.equal(file.imports.get('types'), 'k8s.io/apimachinery/pkg/types')
  assert.equal(file.imports.get('metav1'), 'k8s.io/apimachinery/pkg/apis/meta/v1')
})

test('fields with their types, tags and comments', () => {
  assert.deepEqual(
    fields.map((f) => f.name),
    ['TypeMeta', 'Names', 'Weights', 'Raw', 'Owner', 'A', 'B', 'Embedded', 'Anything'],
  )
  assert.deepEqual(field('Names')?.type, { kind: 'list', of: { kind: 'name', name: 'string' } })
  assert.equal(field('Names')?.tags.get('json'), 'names,omitempty')
  assert.deepEqual(field('Names')?.doc, ['Names in order.', '+listType=atomic'])
  assert.deepEqual(field('Weights')?.doc, [], 'a comment behind code documents nothing below it')
  assert.deepEqual(field('Weights')?.type, {
    kind: 'map',
    key: { kind: 'name', name: 'string' },
    value: { kind: 'pointer', to: { kind: 'name', name: 'int64' } },
  })
  assert.deepEqual(field('Owner')?.type, { kind: 'pointer', to: { kind: 'name', pkg: 'types', name: 'UID' } })
  assert.equal(field('TypeMeta')?.embedded, true)
  assert.equal(field('Embedded')?.embedded, true)
  assert.deepEqual(field('Anything')?.type, { kind: 'any' })
})

test('a type has its comment, and the one a blank line above', () => {
  assert.deepEqual(boat?.doc, ['Boat floats.'])
  assert.deepEqual(boat?.outerDoc, ['+genclient', '+genclient:nonNamespaced'])
})

test('aliases, groups and function types', () => {
  const names = file.types.map((t) => `${t.name}${t.alias ? '=' : ''}`)
  assert.deepEqual(names, ['Boat', 'Kind', 'Alias=', 'Names'])
})

test('constants that are one string, or another constant', () => {
  assert.deepEqual(
    file.consts.map(({ name, type, value }) => ({ name, type, value })),
    [
      { name: 'KindSail', type: 'Kind', value: 'Sail' },
      { name: 'KindSteam', type: 'Kind', value: 'Steam' },
      { name: 'Plain', type: undefined, value: 'plain' },
      { name: 'Other', type: 'Kind', value: { pkg: 'metav1', name: 'Other' } },
      { name: 'Again', type: 'Kind', value: { name: 'KindSail' } },
    ],
  )
})

test('markers with arguments and values', () => {
  const lines = ['Prose with a + b.', '+optional', '+default="x=y"', '+k8s:alpha(since: "1.36")=+k8s:maxItems=32']
  assert.deepEqual(markersOf(lines), [
    { name: 'optional', args: '', value: '' },
    { name: 'default', args: '', value: '"x=y"' },
    { name: 'k8s:alpha', args: '(since: "1.36")', value: '+k8s:maxItems=32' },
  ])
})

test('a broken file is an error that names the line', () => {
  assert.throws(() => parseGo('package a\ntype B struct { ] }'), /line 2/)
})
