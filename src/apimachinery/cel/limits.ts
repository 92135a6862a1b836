/** What one evaluation of an expression may cost: about a tenth of a second. */
export const PER_CALL_LIMIT = 1_000_000
/** What all rules on an object, or all of a policy's binding, may cost together. */
export const RUNTIME_COST_BUDGET = 10_000_000
/** What the match conditions of a webhook or policy may cost together. */
export const RUNTIME_COST_BUDGET_MATCH_CONDITIONS = 2_500_000
/** The largest request, from which the sizes of what has no limit of its own are estimated. */
export const MAX_REQUEST_SIZE_BYTES = 3 * 1024 * 1024
/** The longest text that a messageExpression may give. */
export const MAX_EVALUATED_MESSAGE_EXPRESSION_SIZE_BYTES = 5 * 1024
