import type { Definitions } from './definitions.ts'
import { fingerprint } from './fingerprint.ts'
import { API_VERSION, sorted, type Descriptions, type Json } from './model.ts'
import { RESPONSE_TEXTS, type Response } from './operations/operation.ts'
import type { Operation } from './operations/index.ts'
import type { Parameter } from './parameters.ts'
import { pathItems, type PathItem } from './paths.ts'

/** Writes an OpenAPI v2 document (swagger.json) of operations, with the definitions that they need. */
export function documentV2(
  operations: readonly Operation[],
  definitions: Definitions,
  descriptions: Descriptions | undefined,
): Json {
  const writer = new V2Writer(definitions, descriptions)
  const paths = Object.fromEntries(pathItems(operations).map((item) => [item.path, writer.pathItem(item)]))
  return {
    definitions: definitions.all(),
    info: { title: 'Kubernetes', version: API_VERSION },
    parameters: writer.sharedParameters(),
    paths,
    security: [{ BearerToken: [] }],
    securityDefinitions: {
      BearerToken: { description: 'Bearer Token authentication', in: 'header', name: 'authorization', type: 'apiKey' },
    },
    swagger: '2.0',
  }
}

/**
 * Upstream writes most parameters once and refers to them, but leaves these in place: kubectl looks for the latter two by name
 * in each operation and follows no reference.
 */
const IN_PLACE = new Set(['name', 'dryRun', 'fieldValidation'])

class V2Writer {
  readonly #definitions: Definitions
  readonly #descriptions: Descriptions | undefined
  readonly #shared = new Map<string, Json>()

  constructor(definitions: Definitions, descriptions: Descriptions | undefined) {
    this.#definitions = definitions
    this.#descriptions = descriptions
  }

  sharedParameters(): Json {
    return sorted(this.#shared)
  }

  pathItem({ parameters, operations }: PathItem): Json {
    return {
      ...sorted(operations.map((operation) => [operation.method, this.#operation(operation)] as const)),
      ...(parameters.length > 0 && { parameters: parameters.map((parameter) => this.#parameter(parameter)) }),
    }
  }

  #operation(operation: Operation): Json {
    const { id, description, tags, action, gvk, consumes, produces } = operation
    const parameters = this.#parameters(operation)
    return {
      ...(consumes.length > 0 && { consumes }),
      description,
      operationId: id,
      ...(parameters.length > 0 && { parameters }),
      produces,
      responses: this.#responses(operation.responses),
      schemes: ['https'],
      tags,
      ...(action && { 'x-kubernetes-action': action }),
      ...(gvk && { 'x-kubernetes-group-version-kind': gvk }),
    }
  }

  #parameters({ body, parameters }: Operation): Json[] {
    const written = parameters.map((parameter) => this.#parameter(parameter))
    if (!body) return written
    const schema = this.#definitions.ref(body.model)
    return [{ in: 'body', name: 'body', ...(body.required && { required: true }), schema }, ...written]
  }

  #parameter(parameter: Parameter): Json {
    const { name, type } = parameter
    const description = describe(parameter, this.#descriptions)
    const written: Json = {
      ...(description && { description }),
      in: parameter.in,
      name,
      ...(parameter.in === 'path' && { required: true }),
      type,
      uniqueItems: true,
    }
    if (IN_PLACE.has(name)) return written
    const key = `${name}-${fingerprint(JSON.stringify(written))}`
    this.#shared.set(key, written)
    return { $ref: `#/parameters/${key}` }
  }

  #responses(responses: readonly Response[]): Json {
    const entries = responses.map(({ code, model }) => {
      const schema = model ? this.#definitions.ref(model) : { type: 'string' }
      return [String(code), { description: RESPONSE_TEXTS[code], schema }] as const
    })
    return Object.fromEntries([...entries, ['401', { description: RESPONSE_TEXTS[401] }]])
  }
}

/** A parameter's own description, or that of the field it is. */
export function describe(
  { description, source }: Parameter,
  descriptions: Descriptions | undefined,
): string | undefined {
  return description ?? (source && descriptions?.of(source.model, source.field))
}
