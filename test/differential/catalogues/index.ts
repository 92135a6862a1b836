import type { Catalogue } from '../case.ts'
import { bodies } from './bodies.ts'
import { errors } from './errors.ts'
import { verbs } from './verbs.ts'

/** Every catalogue. */
export const catalogues: readonly Catalogue[] = [verbs, errors, bodies]
