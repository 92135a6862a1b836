import type { StructSchema } from '../apimachinery/schema.ts'

/** The generated schema with this OpenAPI model name. */
export function schemaFor(name: string): StructSchema {
  throw new Error(`no schema is generated for ${name}`)
}
