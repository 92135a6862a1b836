import type { GroupVersionKind } from '../model.ts'
import type { Parameter } from '../parameters.ts'

export type Method = 'get' | 'put' | 'post' | 'delete' | 'options' | 'head' | 'patch'

/** An operation as both versions of OpenAPI describe it. */
export interface Operation {
  readonly method: Method
  readonly path: string
  /** operationId. */
  readonly id: string
  readonly description: string
  readonly tags: readonly string[]
  /** x-kubernetes-action; absent for what is no resource. */
  readonly action?: string
  readonly gvk?: GroupVersionKind
  readonly parameters: readonly Parameter[]
  readonly body?: { readonly model: string; readonly required: boolean }
  readonly consumes: readonly string[]
  readonly produces: readonly string[]
  readonly responses: readonly Response[]
}

export interface Response {
  readonly code: number
  /** The model of the body; absent for a plain string. */
  readonly model?: string
}

export const RESPONSE_TEXTS: Readonly<Record<number, string>> = {
  200: 'OK',
  201: 'Created',
  202: 'Accepted',
  401: 'Unauthorized',
}

/** The media types of one object. */
export const OBJECT_MEDIA: readonly string[] = [
  'application/json',
  'application/yaml',
  'application/vnd.kubernetes.protobuf',
]

/** Those of a list, which may also be watched. */
export const STREAM_MEDIA: readonly string[] = [
  ...OBJECT_MEDIA,
  'application/json;stream=watch',
  'application/vnd.kubernetes.protobuf;stream=watch',
]

/** 200 and these codes, all with the same model. */
export function responses(model: string, ...codes: number[]): Response[] {
  return [200, ...codes].map((code) => ({ code, model }))
}
