import type { ApiFlagGroup } from '../../../cli/api-flags/flag.ts'
import { AUTHENTICATION_FLAGS } from './authentication.ts'

/** Every flag of the API server that is kube-apiserver's. */
export const API_FLAGS: readonly ApiFlagGroup[] = [AUTHENTICATION_FLAGS]
