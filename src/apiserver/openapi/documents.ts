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
  let documents: OpenApiDocuments | undefined
  return () => {
    if (documents && generation === table.generation) return documents
    generation = table.generation
    const all = [...table.all()].map((resource): PublishedResource => ({ definition: resource.definition }))
    const builtIn = all.filter(({ definition }) => definition.schema.name !== '')
    return (documents = new OpenApiDocuments({ builtIn, version, ...(descriptions && { descriptions }) }))
  }
}
