import type { ApiFlagGroup } from '../../../cli/api-flags/flag.ts'
import { AUTHENTICATION_FLAGS } from './authentication.ts'
import { OBSERVABILITY_FLAGS } from './observability.ts'

/** Every flag of the API server that is kube-apiserver's. */
export const API_FLAGS: readonly ApiFlagGroup[] = [AUTHENTICATION_FLAGS, OBSERVABILITY_FLAGS]
