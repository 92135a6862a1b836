import { APPLY_TYPE } from '../../src/apiserver/registry/patch.ts'
import { builtInResources } from '../../src/api/index.ts'
import { stringifyJson } from '../../src/apimachinery/codec/json/encode.ts'
import { encodeProtobuf } from '../../src/apimachinery/codec/protobuf/envelope.ts'
import { encodeYaml } from '../../src/apimachinery/codec/yaml/yaml.ts'
import { apiVersionOf } from '../../src/apimachinery/meta.ts'
import { PATCH_TYPES } from '../../src/apimachinery/patch/patch.ts'
import type { ResourceDefinition } from '../../src/apimachinery/resource.ts'
import { isJsonObject } from '../../src/lib/json-value.ts'
import { mutated, noise } from './bytes.ts'
import type { Chance } from './chance.ts'
import { jsonPatch } from './patches.ts'
import { anyJson, NASTY, valueOf } from './values.ts'
import type { WireRequest } from './wire.ts'
import { WORDS } from './words.ts'

const MEDIA = ['application/json', 'application/yaml', 'application/vnd.kubernetes.protobuf'] as const
const ACCEPT = [
  '',
  ...MEDIA,
  'application/json;as=Table;v=v1;g=meta.k8s.io',
  'application/json;as=PartialObjectMetadata;v=v1;g=meta.k8s.io,application/json',
  'application/vnd.kubernetes.protobuf;as=PartialObjectMetadata;v=v1;g=meta.k8s.io',
  'application/cbor',
  'text/html;q=0.9,*/*;q=0.8',
  ';;,,=q',
]
const PATCHES = Object.values(PATCH_TYPES)
const QUERY: Readonly<Record<string, readonly string[]>> = {
  watch: ['true', '1', 'false', 'x', ''],
  limit: ['1', '0', '-1', '99999999999999999999', 'x'],
  continue: ['x', 'eyJ2IjoibWV0YS5rOHMuaW8vdjEiLCJydiI6LTEsInN0YXJ0IjoiYSJ9', 'e30', '%00', 'bnVsbA'],
  resourceVersion: ['0', '1', '2', '5', '-1', 'x', '', '007'],
  resourceVersionMatch: ['Exact', 'NotOlderThan', 'x'],
  labelSelector: ['a=b', 'a in (b,c),!d', 'a>1', ',', '__proto__=a', 'a notin ()', '('.repeat(50), 'x y'],
  fieldSelector: ['metadata.name=a', 'metadata.namespace!=x', '__proto__=a', 'spec.nodeName=\\', ',,', 'a=='],
  timeoutSeconds: ['0', '-1', '1', 'x', '99999999999999999999'],
  allowWatchBookmarks: ['true', 'x'],
  sendInitialEvents: ['true', 'false', 'x'],
  fieldManager: ['f', '', 'x'.repeat(200), '\u2028', '__proto__'],
  fieldValidation: ['Strict', 'Warn', 'Ignore', 'x'],
  force: ['true', 'false', 'x'],
  dryRun: ['All', 'x', ''],
  pretty: ['true', '1'],
  propagationPolicy: ['Orphan', 'Foreground', 'x'],
  gracePeriodSeconds: ['0', '-5', 'x', '9223372036854775807'],
  includeObject: ['None', 'Object', 'x'],
}

/** A request to one of the resources, more or less as a client would send it. */
export function anyRequest(chance: Chance, resources: readonly ResourceDefinition[] = builtInResources): WireRequest {
  const definition = chance.pick(resources)
  const method = chance.pick([
    'GET',
    'GET',
    'POST',
    'POST',
    'PUT',
    'PATCH',
    'PATCH',
    'PATCH',
    'DELETE',
    'HEAD',
    'OPTIONS',
  ])
  const name = method === 'POST' && chance.is(0.9) ? '' : chance.pick(['a', 'b', 'web', '', chance.pick(WORDS)])
  const type = method === 'PATCH' ? chance.pick([...PATCHES, APPLY_TYPE]) : chance.pick(MEDIA)
  const body =
    method === 'GET' || method === 'HEAD' ? undefined : anyBody(definition, type, name || 'a', method, chance)
  const contentType = chance.is(0.97)
    ? type
    : chance.pick(['text/plain', '', 'application/json; charset=\u00e9', ...MEDIA])
  return {
    method,
    url: `${pathOf(definition, name, chance)}${query(method, type, chance)}`,
    headers: { 'content-type': contentType, accept: chance.is(0.5) ? '' : chance.pick(ACCEPT), ...more(chance) },
    ...(body && { body }),
  }
}

function more(chance: Chance): Record<string, string> {
  if (chance.is(0.95)) return {}
  return chance.pick<Record<string, string>>([
    { 'accept-encoding': 'gzip' },
    { 'impersonate-user': chance.pick(WORDS) },
    { 'impersonate-user': 'a', 'impersonate-group': '', 'impersonate-extra-__proto__': '%zz' },
    { 'user-agent': chance.pick(WORDS) },
    { 'content-encoding': 'gzip' },
    { authorization: `Bearer ${chance.pick(WORDS)}` },
  ])
}

function pathOf(
  { group, version, plural, scope, subresources }: ResourceDefinition,
  name: string,
  chance: Chance,
): string {
  const root = group === '' ? `/api/${version}` : `/apis/${group}/${version}`
  const namespace = chance.pick(['default', 'default', 'default', 'kube-system', 'none', chance.pick(WORDS)])
  const within =
    scope === 'Namespaced' && chance.is(0.95) ? `/namespaces/${encodeURIComponent(namespace.toWellFormed())}` : ''
  const sub =
    name !== '' && chance.is(0.2) ? `/${chance.pick(['status', 'scale', 'x', ...subresources.map((s) => s.name)])}` : ''
  const last = name === '' ? '' : `/${chance.is(0.95) ? encodeURIComponent(name.toWellFormed()) : name.toWellFormed()}`
  return `${root}${within}/${plural}${last}${sub}`
}

function query(method: string, type: string, chance: Chance): string {
  const parts: string[] = []
  if (type === APPLY_TYPE && chance.is(0.9)) parts.push('fieldManager=f')
  for (let left = chance.below(4); left > 0; left--) {
    const name = chance.pick(Object.keys(QUERY))
    // What a delete or a write waits for, and watches that only end by themselves, are other tests' business.
    if (method === 'HEAD' && name === 'watch') continue
    // How an answer is shown is looked at when it is there, here and upstream.
    if (method !== 'GET' && name === 'includeObject') continue
    const value = chance.is(0.9) ? chance.pick(QUERY[name] ?? []) : chance.pick(WORDS).toWellFormed()
    parts.push(`${name}=${chance.is(0.9) ? encodeURIComponent(value) : value}`)
  }
  return parts.length > 0 ? `?${parts.join('&')}` : ''
}

/** A body of a media type: of the kind, and then perhaps damaged. */
function anyBody(
  definition: ResourceDefinition,
  type: string,
  name: string,
  method: string,
  chance: Chance,
): Uint8Array {
  if (chance.is(0.03)) return noise(chance, 400)
  if (type === PATCH_TYPES.json) return damaged(Buffer.from(stringifyJson(jsonPatch(definition, chance))), chance)
  const object = method === 'DELETE' ? deleteOptions(chance) : anyObject(definition, type, name, chance)
  return damaged(encoded(definition, type, object), chance)
}

const damaged = (bytes: Uint8Array, chance: Chance): Uint8Array => (chance.is(0.15) ? mutated(bytes, chance) : bytes)

function anyObject(definition: ResourceDefinition, type: string, name: string, chance: Chance): object {
  // Protobuf can only be written of what is right.
  const wrong = type === MEDIA[2] || chance.is(0.5) ? 0 : NASTY.wrong
  const made = valueOf(definition.schema, chance, { ...NASTY, wrong })
  if (chance.is(0.1) || !isJsonObject(made)) return made ?? {}
  const metadata = chance.is(0.5) ? { name } : { ...(made['metadata'] as object | undefined), name }
  for (const key of ['resourceVersion', 'uid', 'namespace'] as const)
    if (chance.is(0.9)) delete (metadata as Record<string, unknown>)[key]
  return { ...made, kind: definition.kind, apiVersion: apiVersionOf(definition), metadata }
}

function deleteOptions(chance: Chance): object {
  return {
    kind: 'DeleteOptions',
    apiVersion: 'v1',
    ...(chance.is(0.5) && { preconditions: { uid: chance.pick(WORDS), resourceVersion: chance.pick(['1', 'x']) } }),
    ...(chance.is(0.5) && { gracePeriodSeconds: chance.pick([0, -1, 2n ** 63n - 1n]) }),
    ...(chance.is(0.5) && { propagationPolicy: chance.pick(['Orphan', 'Foreground', 'x']) }),
    ...(chance.is(0.2) && { more: anyJson(chance, 2) }),
  }
}

function encoded(definition: ResourceDefinition, type: string, object: object): Uint8Array {
  if (type === MEDIA[2] && 'metadata' in object)
    return encodeProtobuf(definition.schema, { kind: definition.kind, apiVersion: apiVersionOf(definition) }, object)
  return Buffer.from(type === MEDIA[1] || type === APPLY_TYPE ? encodeYaml(object) : stringifyJson(object))
}
