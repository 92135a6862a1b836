import type { Chance } from '../../fuzz/chance.ts'
import type { Case } from '../case.ts'
import { custom } from './custom.ts'
import { policies, rules, verdicts } from './expressions.ts'
import { objects } from './objects.ts'
import { patches } from './patches.ts'
import { paths } from './paths.ts'
import { subresources } from './subresources.ts'

/** What generates cases, by the names of the command line. */
export const families: Readonly<Record<string, (chance: Chance) => Case>> = {
  paths,
  objects,
  patches,
  subresources,
  custom,
  rules,
  verdicts,
  policies,
}
