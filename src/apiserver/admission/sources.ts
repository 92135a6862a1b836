import type { Env } from '../../lib/env.ts'
import type { Store } from '../../store/store.ts'
import type { Authorizer } from '../authz/types.ts'
import type { RemoteService } from '../remote/service.ts'
import type { AdmissionCounts } from './metrics.ts'
import type { Mirrors } from '../mirror/mirrors.ts'
import type { CallWebhook } from './webhooks/types.ts'

/** What plugins look at. */
export interface AdmissionSources {
  readonly mirrors: Mirrors
  readonly store: Store
  readonly env: Env
  readonly authorizer: Authorizer
  readonly callWebhook: CallWebhook
  readonly counts: AdmissionCounts
  /** Who is asked about images, if anybody is. */
  readonly imagePolicy?: RemoteService
}
