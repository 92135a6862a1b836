import type { Chance } from '../../fuzz/chance.ts'
import { WORDS } from '../../fuzz/words.ts'

const ACCEPTS = [
  'application/json',
  'application/yaml',
  'application/vnd.kubernetes.protobuf',
  'application/cbor',
  'application/json;as=Table;v=v1;g=meta.k8s.io',
  'application/json;as=Table;v=v1beta1;g=meta.k8s.io',
  'application/json;as=Table;v=v2;g=meta.k8s.io',
  'application/json;as=Table;g=meta.k8s.io',
  'application/yaml;as=Table;v=v1;g=meta.k8s.io',
  'application/vnd.kubernetes.protobuf;as=Table;v=v1;g=meta.k8s.io,application/json',
  'application/json;as=PartialObjectMetadata;v=v1;g=meta.k8s.io',
  'application/json;as=PartialObjectMetadataList;v=v1;g=meta.k8s.io',
  'application/json;as=PartialObjectMetadataList;v=v1;g=meta.k8s.io,application/json',
  'application/json;as=APIGroupDiscoveryList;v=v2;g=apidiscovery.k8s.io',
  'application/json;as=APIGroupDiscoveryList;v=v2beta1;g=apidiscovery.k8s.io,application/json',
  'application/json;as=Nothing;v=v1;g=meta.k8s.io',
  'application/json;stream=watch',
  'application/json;pretty=1',
  'application/json;pretty=0',
  'application/json;q=0',
  'application/json;q=0.1,application/yaml;q=0.9',
  'application/json;q=2',
  'application/json;q=x',
  'application/json;charset=utf-8',
  'application/json;profile=x',
  'text/html',
  'text/plain',
  'text/*',
  'application/*',
  '*/*',
  '*',
  '*/json',
  '*/*;q=0',
  'application/json, */*',
  'text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8',
  'application/JSON',
  ' application/json ',
  'application/json;',
  'application/json;;',
  ',',
  ';',
  'application/json-seq',
  'application/cbor-seq',
  'application/com.github.proto-openapi.spec.v2@v1.0+protobuf',
]
const CONTENT_TYPES = [
  'application/json',
  'application/json; charset=utf-8',
  'application/json;charset=',
  'application/JSON',
  'application/yaml',
  'application/x-yaml',
  'text/yaml',
  'text/plain',
  'text/json',
  'application/*',
  '*/*',
  'application/vnd.kubernetes.protobuf',
  'application/cbor',
  'application/x-www-form-urlencoded',
  'application/json-patch+json',
  'application/merge-patch+json',
  'application/strategic-merge-patch+json',
  'application/apply-patch+yaml',
  'application/apply-patch+cbor',
  'application/apply-patch+json',
  'application/apply-patch',
  'application/merge-patch+json; charset=utf-8',
  'application/json;a',
  'a/b/c',
  ';',
  'json',
  '',
]
const QUERIES: Readonly<Record<string, readonly string[]>> = {
  limit: ['1', '0', '-1', '99999999999999999999', 'x', '500', '1.5', ' 1', '+1', '0x1'],
  continue: [
    'x',
    'eyJ2IjoibWV0YS5rOHMuaW8vdjEiLCJydiI6LTEsInN0YXJ0IjoiYSJ9',
    'eyJ2IjoibWV0YS5rOHMuaW8vdjEiLCJydiI6MSwic3RhcnQiOiJhXHUwMDAwIn0',
    'e30',
    '%00',
    'bnVsbA',
    'eyJ2IjoibWV0YS5rOHMuaW8vdjEiLCJydiI6MCwic3RhcnQiOiJhIn0',
    'eyJ2IjoibWV0YS5rOHMuaW8vdjIifQ',
  ],
  resourceVersion: ['0', '-1', 'x', '', '007', '99999999999999999999', '18446744073709551615', '1.0'],
  resourceVersionMatch: ['Exact', 'NotOlderThan', 'x', '', 'exact'],
  labelSelector: [
    'a=b',
    'a in (b,c),!d',
    'a>1',
    'a<x',
    ',',
    '__proto__=a',
    'a notin ()',
    '((',
    'x y',
    'a==b',
    'a!=b',
    '!a',
    'a,b',
    'a in b',
    'a in (',
    '=',
    '!',
    'a=b=c',
    'A/B/C=d',
    '-a=b',
    `a=${'x'.repeat(64)}`,
    'a=b,',
    'a in (,)',
    'a in (b,,c)',
    'a gt 1',
    'exists',
    'in in (in)',
    'a notin (b',
    'a=é',
    'a>1.5',
    'a!b',
    'a=!b',
  ],
  fieldSelector: [
    'metadata.name=a',
    'metadata.namespace!=x',
    '__proto__=a',
    'spec.nodeName=\\',
    ',,',
    'a==',
    'metadata.name=a,metadata.name=b',
    'status.phase=Running',
    'spec.nodeName=',
    'metadata.name',
    '=',
    'metadata.name>1',
    'metadata.name!=a',
    'metadata.name=\\,',
    'metadata.labels.a=b',
    'METADATA.NAME=a',
    'metadata.name in (a)',
  ],
  timeoutSeconds: ['0', '-1', '1', 'x', '99999999999999999999', '1.5', ''],
  timeout: ['1s', '0', '-1s', 'x', '1', '1000h', '1ns', ''],
  allowWatchBookmarks: ['true', 'x', '0'],
  sendInitialEvents: ['true', 'false', 'x'],
  fieldManager: ['f', '', 'x'.repeat(128), 'x'.repeat(129), '\u2028', '__proto__', 'a b', '\t', 'é'.repeat(65)],
  fieldValidation: ['Strict', 'Warn', 'Ignore', 'x', '', 'strict'],
  force: ['true', 'false', 'x', '1', ''],
  dryRun: ['All', 'x', '', 'all', 'All,All'],
  pretty: ['true', '1', 'false', '0', 'x', '', 'True'],
  propagationPolicy: ['Orphan', 'Foreground', 'Background', 'x', ''],
  orphanDependents: ['true', 'false', 'x'],
  gracePeriodSeconds: ['0', '-5', 'x', '9223372036854775807', '1', '1.5'],
  ignoreStoreReadErrorWithClusterBreakingPotential: ['true', 'false', 'x'],
  includeObject: ['None', 'Object', 'Metadata', 'x', ''],
  uid: ['x'],
  exact: ['true'],
  export: ['true'],
  watch: ['false', '0', ''],
}

const encode = (text: string): string => encodeURIComponent(text.toWellFormed())

/** A query, `?` and all, or nothing. */
export function anyQuery(chance: Chance, most = 3, names: readonly string[] = Object.keys(QUERIES)): string {
  const parts: string[] = []
  for (let left = chance.below(most + 1); left > 0; left--) {
    const name = chance.pick(names)
    const value = chance.is(0.93) ? chance.pick(QUERIES[name] ?? WORDS) : chance.pick(WORDS)
    parts.push(
      chance.is(0.97)
        ? `${name}=${encode(value)}`
        : chance.pick([
            name,
            `${name}=%zz`,
            `${name}=a;b`,
            `${name}=%`,
            `&&${name}=1`,
            `${encode(name.toUpperCase())}=1`,
          ]),
    )
  }
  return parts.length > 0 ? `?${parts.join('&')}` : ''
}

export const anyAccept = (chance: Chance): string =>
  chance.is(0.85) ? chance.pick(ACCEPTS) : `${chance.pick(ACCEPTS)},${chance.pick(ACCEPTS)};q=0.${chance.below(10)}`

export const anyContentType = (chance: Chance): string => chance.pick(CONTENT_TYPES)

const IMPERSONATIONS: readonly Readonly<Record<string, string>>[] = [
  { 'impersonate-user': 'alice' },
  { 'impersonate-user': 'bob', 'impersonate-group': 'system:masters' },
  { 'impersonate-group': 'system:masters' },
  { 'impersonate-uid': 'x' },
  { 'impersonate-extra-a': 'b' },
  { 'impersonate-user': 'a', 'impersonate-extra-%2f': 'b' },
  { 'impersonate-user': 'a', 'impersonate-extra-%zz': 'b' },
  { 'impersonate-user': 'a', 'impersonate-extra-': 'b' },
  { 'impersonate-user': 'system:serviceaccount:default:default' },
  { 'impersonate-user': 'system:serviceaccount:default' },
  { 'impersonate-user': 'system:anonymous' },
  { 'impersonate-user': 'system:node:a', 'impersonate-group': 'system:nodes' },
  { 'impersonate-user': ' ' },
]

/** Headers beside what the body is and what is wanted. */
export function otherHeaders(chance: Chance): Readonly<Record<string, string>> {
  const kind = chance.below(100)
  if (kind < 6) return chance.pick(IMPERSONATIONS)
  if (kind < 9) return { 'accept-encoding': chance.pick(['gzip', 'gzip;q=0', 'deflate', '*', 'identity', 'br, gzip']) }
  if (kind < 10)
    return {
      authorization: chance.pick([
        'Bearer x',
        'Bearer',
        'bearer admintoken',
        'Basic eDp5',
        'Bearer  admintoken',
        'Token x',
      ]),
    }
  if (kind < 11)
    return {
      'user-agent': chance.pick(['', 'a/b c', '/x', 'x'.repeat(200), 'kubectl/v1.36.0 (linux/amd64) kubernetes/abc']),
    }
  if (kind < 12) return { 'content-encoding': chance.pick(['gzip', 'identity']) }
  if (kind < 13) return { origin: 'http://a.example.com' }
  if (kind < 14) return { 'x-http-method-override': 'DELETE' }
  if (kind < 15) return { 'audit-id': chance.pick(['x', 'a b', 'x'.repeat(300)]) }
  return {}
}
