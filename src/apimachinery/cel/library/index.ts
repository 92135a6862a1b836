import { addressLibrary } from './addresses.ts'
import { authorizationLibrary } from './authorization.ts'
import { regexLibrary } from './find.ts'
import { formatLibrary } from './formats.ts'
import type { FunctionDecl } from './functions.ts'
import { listsExtension, listsLibrary, setsExtension } from './lists.ts'
import { comprehensionLibrary, optionalLibrary } from './optionals.ts'
import { quantityLibrary } from './quantities.ts'
import { semverLibrary } from './semvers.ts'
import { optionalOperators, standardFunctions } from './standard.ts'
import { stringsLibrary } from './strings.ts'
import { urlLibrary } from './urls.ts'

/** The functions of Kubernetes' base environment. */
export const baseFunctions: readonly FunctionDecl[] = [
  ...standardFunctions,
  ...urlLibrary,
  ...regexLibrary,
  ...listsLibrary,
  ...authorizationLibrary,
  ...optionalOperators,
  ...optionalLibrary,
  ...quantityLibrary,
  ...stringsLibrary,
  ...setsExtension,
  ...addressLibrary,
  ...formatLibrary,
  ...comprehensionLibrary,
  ...semverLibrary,
  ...listsExtension,
]
