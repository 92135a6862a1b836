import { existsSync, readFileSync } from 'node:fs'
import { parseDescriptions } from '../../api/openapi/descriptions.ts'
import type { Descriptions } from '../../api/openapi/model.ts'
import { builtFile } from '../package-files.ts'

/** The texts of the OpenAPI documents, where the build has put them; read when first needed, as they are large. */
export function openApiDescriptions(): Descriptions | undefined {
  const file = builtFile('descriptions.json')
  if (!existsSync(file)) return undefined
  let read: Descriptions | undefined
  return { of: (model, field) => (read ??= parseDescriptions(readFileSync(file, 'utf8'))).of(model, field) }
}
