import type { StructSchema } from '../apimachinery/schema.ts'
import { schemaPackages } from './generated/schema/index.ts'
import { SchemaLibrary } from './schema/library.ts'

/** The generated schemas of all built-in kinds. */
export const builtInSchemas: SchemaLibrary = new SchemaLibrary(schemaPackages)

/** The generated schema with this OpenAPI model name, such as `io.k8s.api.core.v1.Pod`. Throws when there is none. */
export function schemaFor(name: string): StructSchema {
  const schema = builtInSchemas.find(name)
  if (!schema) throw new Error(`no schema is generated for ${name}`)
  return schema
}
