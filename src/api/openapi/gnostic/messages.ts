/**
 * The messages of gnostic's openapi.v2 (OpenAPIv2.proto) that a Kubernetes document needs, by the JSON keys of what they hold. In this
 * protobuf form of OpenAPI v2, client-go and kubectl before 1.27 fetch the document.
 */
export interface Message {
  readonly fields: Readonly<Record<string, readonly [number: number, kind: Kind]>>
  /** The field for keys that begin with `x-`, as NamedAny. */
  readonly extensions?: number
  /** The field for all other keys, as a message of name and value. */
  readonly named?: readonly [number: number, kind: Kind]
}

export type Kind =
  | 'string'
  | 'bool'
  | 'integer'
  | 'double'
  | 'strings'
  /** Any JSON value, carried as YAML text. */
  | 'any'
  | 'anys'
  /** A string or a list of them, in a message with one repeated field. */
  | 'stringArray'
  | { readonly message: () => Message }
  | { readonly messages: () => Message }
  /** A message around one of several messages, chosen by the value. */
  | { readonly wrapped: (value: unknown) => readonly [number: number, kind: Kind] }
  | { readonly wrappedList: (value: unknown) => readonly [number: number, kind: Kind] }

const reference: Message = { fields: { $ref: [1, 'string'], description: [2, 'string'] } }

const schema: Message = {
  fields: {
    $ref: [1, 'string'],
    format: [2, 'string'],
    title: [3, 'string'],
    description: [4, 'string'],
    default: [5, 'any'],
    multipleOf: [6, 'double'],
    maximum: [7, 'double'],
    exclusiveMaximum: [8, 'bool'],
    minimum: [9, 'double'],
    exclusiveMinimum: [10, 'bool'],
    maxLength: [11, 'integer'],
    minLength: [12, 'integer'],
    pattern: [13, 'string'],
    maxItems: [14, 'integer'],
    minItems: [15, 'integer'],
    uniqueItems: [16, 'bool'],
    maxProperties: [17, 'integer'],
    minProperties: [18, 'integer'],
    required: [19, 'strings'],
    enum: [20, 'anys'],
    additionalProperties: [
      21,
      { wrapped: (value) => (typeof value === 'boolean' ? [2, 'bool'] : [1, { message: () => schema }]) },
    ],
    type: [22, 'stringArray'],
    items: [23, { wrapped: () => [1, { message: () => schema }] }],
    allOf: [24, { messages: () => schema }],
    properties: [25, { message: () => properties }],
    externalDocs: [29, { message: () => externalDocs }],
    example: [30, 'any'],
  },
  extensions: 31,
}

const externalDocs: Message = { fields: { description: [1, 'string'], url: [2, 'string'] }, extensions: 3 }

const properties: Message = { fields: {}, named: [1, { message: () => schema }] }

const bodyParameter: Message = {
  fields: {
    description: [1, 'string'],
    name: [2, 'string'],
    in: [3, 'string'],
    required: [4, 'bool'],
    schema: [5, { message: () => schema }],
  },
  extensions: 6,
}

const queryParameter: Message = {
  fields: {
    required: [1, 'bool'],
    in: [2, 'string'],
    description: [3, 'string'],
    name: [4, 'string'],
    type: [6, 'string'],
    format: [7, 'string'],
    uniqueItems: [20, 'bool'],
  },
  extensions: 23,
}

const pathParameter: Message = {
  fields: {
    required: [1, 'bool'],
    in: [2, 'string'],
    description: [3, 'string'],
    name: [4, 'string'],
    type: [5, 'string'],
    format: [6, 'string'],
    uniqueItems: [19, 'bool'],
  },
  extensions: 22,
}

function parameterKind(value: unknown): readonly [number, Kind] {
  const place = (value as { in?: string }).in
  if (place === 'body') return [1, { message: () => bodyParameter }]
  return [
    2,
    {
      wrapped: () =>
        place === 'path' ? [4, { message: () => pathParameter }] : [3, { message: () => queryParameter }],
    },
  ]
}

/** In a list of parameters: one of them, or a reference to a shared one. */
function parameterItemKind(value: unknown): readonly [number, Kind] {
  if (Object.hasOwn(value as object, '$ref')) return [2, { message: () => reference }]
  return [1, { wrapped: parameterKind }]
}

const response: Message = {
  fields: { description: [1, 'string'], schema: [2, { wrapped: () => [1, { message: () => schema }] }] },
  extensions: 5,
}

const responses: Message = {
  fields: {},
  named: [1, { wrapped: () => [1, { message: () => response }] }],
  extensions: 2,
}

const operation: Message = {
  fields: {
    tags: [1, 'strings'],
    summary: [2, 'string'],
    description: [3, 'string'],
    operationId: [5, 'string'],
    produces: [6, 'strings'],
    consumes: [7, 'strings'],
    parameters: [8, { wrappedList: parameterItemKind }],
    responses: [9, { message: () => responses }],
    schemes: [10, 'strings'],
    deprecated: [11, 'bool'],
  },
  extensions: 13,
}

const pathItem: Message = {
  fields: {
    get: [2, { message: () => operation }],
    put: [3, { message: () => operation }],
    post: [4, { message: () => operation }],
    delete: [5, { message: () => operation }],
    options: [6, { message: () => operation }],
    head: [7, { message: () => operation }],
    patch: [8, { message: () => operation }],
    parameters: [9, { wrappedList: parameterItemKind }],
  },
  extensions: 10,
}

const apiKeySecurity: Message = {
  fields: { type: [1, 'string'], name: [2, 'string'], in: [3, 'string'], description: [4, 'string'] },
  extensions: 5,
}

/** openapi.v2.Document. */
export const documentMessage: Message = {
  fields: {
    swagger: [1, 'string'],
    info: [2, { message: () => ({ fields: { title: [1, 'string'], version: [2, 'string'] }, extensions: 7 }) }],
    paths: [8, { message: () => ({ fields: {}, named: [2, { message: () => pathItem }], extensions: 1 }) }],
    definitions: [9, { message: () => properties }],
    parameters: [10, { message: () => ({ fields: {}, named: [1, { wrapped: parameterKind }] }) }],
    security: [12, { messages: () => ({ fields: {}, named: [1, 'stringArray'] }) }],
    securityDefinitions: [
      13,
      { message: () => ({ fields: {}, named: [1, { wrapped: () => [2, { message: () => apiKeySecurity }] }] }) },
    ],
  },
  extensions: 16,
}
