import type { ApiFlagGroup } from '../../../cli/api-flags/flag.ts'
import { ADMISSION_FLAGS } from './admission.ts'
import { AUDIT_FLAGS } from './audit.ts'
import { AUTHENTICATION_FLAGS } from './authentication.ts'
import { AUTHORIZATION_FLAGS } from './authorization.ts'
import { ENCRYPTION_FLAGS } from './encryption.ts'
import { FLOW_CONTROL_FLAGS } from './flow-control.ts'
import { OBSERVABILITY_FLAGS } from './observability.ts'
import { SERVING_FLAGS } from './serving.ts'

/** Every flag of the API server that is kube-apiserver's. */
export const API_FLAGS: readonly ApiFlagGroup[] = [
  AUTHENTICATION_FLAGS,
  AUTHORIZATION_FLAGS,
  ADMISSION_FLAGS,
  ENCRYPTION_FLAGS,
  FLOW_CONTROL_FLAGS,
  AUDIT_FLAGS,
  OBSERVABILITY_FLAGS,
  SERVING_FLAGS,
]
