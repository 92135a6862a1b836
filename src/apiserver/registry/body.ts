import type { KubeObject } from '../../apimachinery/meta.ts'
import { badRequest } from '../../apimachinery/status.ts'
import type { Call } from '../request/call.ts'
import { deepCopy } from './codec.ts'
import type { WriteOptions } from './options.ts'
import { writeContext } from './context.ts'
import type { Registry, ServedResource } from './served.ts'

const decoder = new TextDecoder()

/** Decodes, checks and defaults the object in a request's body. The result is the caller's to change. */
export async function readObject(
  registry: Registry,
  resource: ServedResource,
  call: Call,
  options: WriteOptions,
): Promise<KubeObject> {
  const { definition, codec } = resource
  const object = (await readJson(call)) as KubeObject
  if (typeof object !== 'object' || object === null) throw badRequest('the object provided is unrecognized')
  object.kind ??= definition.kind
  object.apiVersion ??= codec.apiVersion
  if (object.apiVersion !== codec.apiVersion) {
    throw badRequest(
      `the API version in the data (${object.apiVersion}) does not match the expected API version (${codec.apiVersion})`,
    )
  }
  object.metadata ??= {}
  definition.defaults?.(object, writeContext(registry, call, options))
  return object
}

/** The body as a JSON value of its own; undefined when there is none. */
export async function readJson(call: Call): Promise<unknown> {
  switch (call.body.kind) {
    case 'none':
      return undefined
    case 'value':
      return deepCopy(call.body.value)
    case 'bytes':
      return parse(await call.body.read())
  }
}

function parse(bytes: Uint8Array): unknown {
  return bytes.length === 0 ? undefined : JSON.parse(decoder.decode(bytes))
}
