import { existsSync, readFileSync } from 'node:fs'
import { builtInResources } from '../../api/index.ts'
import { parseDescriptions } from '../../api/openapi/descriptions.ts'
import { OpenApiDocuments } from '../../api/openapi/documents.ts'
import type { Descriptions } from '../../api/openapi/model.ts'
import { KUBERNETES_VERSION } from '../../apiserver/version.ts'
import { builtFile } from '../package-files.ts'

/** The OpenAPI documents of the built-in kinds: built when first asked for, with descriptions where the build has put them. */
export function openApiDocuments(): () => OpenApiDocuments {
  let documents: OpenApiDocuments | undefined
  const file = builtFile('descriptions.json')
  return () =>
    (documents ??= new OpenApiDocuments({
      builtIn: builtInResources.map((definition) => ({ definition })),
      version: KUBERNETES_VERSION,
      ...(existsSync(file) && { descriptions: readWhenAsked(file) }),
    }))
}

/** The texts are large, and most documents that are asked for were built before. */
function readWhenAsked(file: string): Descriptions {
  let read: Descriptions | undefined
  return { of: (model, field) => (read ??= parseDescriptions(readFileSync(file, 'utf8'))).of(model, field) }
}
