import type { Definitions } from './definitions.ts'
import { API_VERSION, sorted, type Descriptions, type Json } from './model.ts'
import { RESPONSE_TEXTS, type Response } from './operations/operation.ts'
import type { Operation } from './operations/index.ts'
import type { Parameter } from './parameters.ts'
import { pathItems, type PathItem } from './paths.ts'
import { describe } from './v2.ts'

/** Writes an OpenAPI v3 document of operations, with the schemas that they need; one of custom resources alone says so. */
export function documentV3(
  operations: readonly Operation[],
  definitions: Definitions,
  descriptions: Descriptions | undefined,
  isCustom = false,
): Json {
  const writer = new V3Writer(definitions, descriptions)
  const paths = Object.fromEntries(pathItems(operations).map((item) => [item.path, writer.pathItem(item)]))
  const schemas = definitions.all()
  return {
    components: {
      ...(Object.keys(schemas).length > 0 && { schemas }),
      ...(!isCustom && { securitySchemes: SECURITY_SCHEMES }),
    },
    info: isCustom
      ? { title: 'Kubernetes CRD Swagger', version: 'v0.1.0' }
      : { title: 'Kubernetes', version: API_VERSION },
    openapi: '3.0.0',
    paths,
  }
}

const SECURITY_SCHEMES = {
  BearerToken: { description: 'Bearer Token authentication', in: 'header', name: 'authorization', type: 'apiKey' },
}

class V3Writer {
  readonly #definitions: Definitions
  readonly #descriptions: Descriptions | undefined

  constructor(definitions: Definitions, descriptions: Descriptions | undefined) {
    this.#definitions = definitions
    this.#descriptions = descriptions
  }

  pathItem({ parameters, operations }: PathItem): Json {
    return {
      ...sorted(operations.map((operation) => [operation.method, this.#operation(operation)] as const)),
      ...(parameters.length > 0 && { parameters: parameters.map((parameter) => this.#parameter(parameter)) }),
    }
  }

  #operation(operation: Operation): Json {
    const { id, description, tags, action, gvk, parameters, body, consumes, produces } = operation
    return {
      description,
      operationId: id,
      ...(parameters.length > 0 && { parameters: parameters.map((parameter) => this.#parameter(parameter)) }),
      ...(body && {
        requestBody: {
          content: content(consumes, this.#definitions.ref(body.model)),
          ...(body.required && { required: true }),
        },
      }),
      responses: this.#responses(operation.responses, produces),
      tags,
      ...(action && { 'x-kubernetes-action': action }),
      ...(gvk && { 'x-kubernetes-group-version-kind': gvk }),
    }
  }

  #parameter(parameter: Parameter): Json {
    const description = describe(parameter, this.#descriptions)
    return {
      ...(description && { description }),
      in: parameter.in,
      name: parameter.name,
      ...(parameter.in === 'path' && { required: true }),
      schema: { type: parameter.type, uniqueItems: true },
    }
  }

  #responses(responses: readonly Response[], produces: readonly string[]): Json {
    const entries = responses.map(({ code, model }) => {
      const schema = model ? this.#definitions.ref(model) : { type: 'string' }
      return [String(code), { content: content(produces, schema), description: RESPONSE_TEXTS[code] }] as const
    })
    return Object.fromEntries([...entries, ['401', { description: RESPONSE_TEXTS[401] }]])
  }
}

/** The same schema in each of these media types. */
function content(media: readonly string[], schema: Json): Json {
  return sorted(media.map((type) => [type, { schema }] as const))
}
