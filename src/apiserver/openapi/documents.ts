import { OpenApiDocuments } from '../../api/openapi/documents.ts'
import type { Descriptions, PublishedResource } from '../../api/openapi/model.ts'
import type { ResourceTable } from '../resource-table.ts'

/** The documents of the resources that are served now, made anew when those change. */
export function openApiDocuments(
  table: ResourceTable,
  version: string,
  descriptions: Descriptions | undefined,
): () => OpenApiDocuments {
  let generation = -1
  let first: OpenApiDocuments | undefined
  let documents: OpenApiDocuments | undefined
  return () => {
    if (documents && generation === table.generation) return documents
    generation = table.generation
    const resources = [...table.all()]
    const builtIn = resources
      .filter(({ custom }) => !custom)
      .map(({ definition }): PublishedResource => ({ definition }))
    const customs = resources.flatMap(({ definition, custom }): PublishedResource[] =>
      custom ? [{ definition, custom }] : [],
    )
    first ??= new OpenApiDocuments({ builtIn, version, ...(descriptions && { descriptions }) })
    return (documents = first.withCustom(customs))
  }
}
