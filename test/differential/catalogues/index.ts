import type { Catalogue } from '../case.ts'
import { access } from './access.ts'
import { authorization } from './authorization.ts'
import { bodies } from './bodies.ts'
import { discovery } from './discovery.ts'
import { errors } from './errors.ts'
import { findings } from './findings.ts'
import { identity } from './identity.ts'
import { lists } from './lists.ts'
import { negotiation } from './negotiation.ts'
import { options } from './options.ts'
import { selectors } from './selectors.ts'
import { subresources } from './subresources.ts'
import { tables } from './tables.ts'
import { verbs } from './verbs.ts'
import { watches } from './watches.ts'
import { policies } from './policies.ts'
import { webhooks } from './webhooks.ts'

/** Every catalogue. */
export const catalogues: readonly Catalogue[] = [
  verbs,
  errors,
  bodies,
  options,
  lists,
  watches,
  negotiation,
  discovery,
  selectors,
  subresources,
  tables,
  authorization,
  access,
  identity,
  webhooks,
  policies,
  findings,
]
