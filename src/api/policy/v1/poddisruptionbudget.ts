import { ageColumn, integer, nameColumn, text } from '../../columns.ts'
import { validateBudget, validateBudgetStatus } from './budget-validate.ts'
import type { PodDisruptionBudget } from '../../generated/types/policy/v1.ts'
import { defineResource } from '../../define.ts'

/** Everything the system knows about PodDisruptionBudget. */
export const podDisruptionBudgets = defineResource<PodDisruptionBudget>({
  group: 'policy',
  version: 'v1',
  kind: 'PodDisruptionBudget',
  plural: 'poddisruptionbudgets',
  shortNames: ['pdb'],
  scope: 'Namespaced',
  storagePrefix: '/registry/poddisruptionbudgets',
  schema: 'io.k8s.api.policy.v1.PodDisruptionBudget',
  status: true,
  hasGeneration: true,
  requireResourceVersionOnUpdate: true,
  defaults(budget) {
    budget.spec ??= {}
  },
  validate: validateBudget,
  validateStatusUpdate: validateBudgetStatus,
  columns: [
    nameColumn,
    text('Min Available', ({ spec }) => String(spec?.minAvailable ?? 'N/A')),
    text('Max Unavailable', ({ spec }) => String(spec?.maxUnavailable ?? 'N/A')),
    integer('Allowed Disruptions', ({ status }) => status?.disruptionsAllowed),
    ageColumn,
  ],
})
