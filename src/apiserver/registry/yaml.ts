import { parse } from 'yaml'
import { badRequest } from '../../apimachinery/status.ts'

/** How often a document may refer to one part: enough for people, too little to blow up memory. */
const MAX_ALIASES = 100

/** Reads a body that is YAML, or JSON as part of it. Throws 400. */
export function parseYaml(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error
  }
  try {
    return parse(text, { maxAliasCount: MAX_ALIASES, schema: 'core', version: '1.1', merge: true })
  } catch (error) {
    throw badRequest(`error decoding patch: ${error instanceof Error ? error.message : 'not YAML'}`)
  }
}
