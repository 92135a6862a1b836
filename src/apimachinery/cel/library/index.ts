import { regexLibrary } from './find.ts'
import type { FunctionDecl } from './functions.ts'
import { comprehensionLibrary, optionalLibrary } from './optionals.ts'
import { optionalOperators, standardFunctions } from './standard.ts'

/** The functions of Kubernetes' base environment. */
export const baseFunctions: readonly FunctionDecl[] = [
  ...standardFunctions,
  ...regexLibrary,
  ...optionalOperators,
  ...optionalLibrary,
  ...comprehensionLibrary,
]
