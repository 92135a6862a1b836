import type { GivenApiFlags } from '../../../cli/api-flags/flag.ts'
import { ApiFlagValues } from '../../../cli/api-flags/values.ts'
import type { AdmissionConfig } from '../../../apiserver/admission/config.ts'
import { admissionConfig } from './admission.ts'
import { clusterIssuer } from '../../../apiserver/authn/service-account/issuer.ts'
import type { FlowControlConfig } from '../../../apiserver/flow-control/config.ts'
import { type AuditConfig, auditConfig } from './audit.ts'
import { type AuthenticationConfig, authenticationConfig } from './authentication.ts'
import { type AuthorizationConfig, authorizationConfig, authorizationOptions } from './authorization.ts'
import { type EncryptionConfig, encryptionConfig } from './encryption.ts'
import { flowControlConfig } from './flow-control.ts'
import { type ObservabilityConfig, observabilityConfig } from './observability.ts'
import { type ServingConfig, servingConfig } from './serving.ts'
import type { Clock } from '../../../lib/clock.ts'
import { remoteService } from '../remote-service.ts'

/** How an API server is to be, by its flags and the files that they name. */
export interface ApiConfig {
  readonly authentication: AuthenticationConfig
  readonly authorization: AuthorizationConfig
  readonly observability: ObservabilityConfig
  readonly admission: AdmissionConfig
  readonly flow: FlowControlConfig
  readonly audit: AuditConfig
  readonly serving: ServingConfig
  /** Absent: everything is kept as it is. */
  readonly encryption?: EncryptionConfig
}

/** Reads them. Throws a UserError with upstream's words for what cannot be. */
export function apiConfig(given: GivenApiFlags | undefined, clusterDomain = 'cluster.local'): ApiConfig {
  const flags = new ApiFlagValues(given)
  const encryption = encryptionConfig(flags)
  return {
    authentication: authenticationConfig(flags, clusterIssuer(clusterDomain)),
    authorization: authorizationConfig(flags),
    observability: observabilityConfig(flags),
    admission: admissionConfig(flags),
    flow: flowControlConfig(flags),
    audit: auditConfig(flags),
    serving: servingConfig(flags),
    ...(encryption && { encryption }),
  }
}

/** Reads them, and the kubeconfigs of the services that they lead to. Throws a UserError for what a server would not start with. */
export function checkApiConfig(given: GivenApiFlags | undefined, clock: Clock, clusterDomain?: string): void {
  const { authentication, authorization, audit, admission } = apiConfig(given, clusterDomain)
  const services = [
    authentication.webhook?.kubeconfig,
    audit.webhook?.kubeconfig,
    admission.imagePolicy?.kubeConfigFile,
  ]
  for (const file of services) if (file !== undefined) remoteService(file, 0, clock).close()
  const { connect } = authorizationOptions(authorization, { clock, serverId: '' })
  for (const authorizer of authorization.configuration.authorizers) {
    if (authorizer.type === 'Webhook') connect?.(authorizer.webhook).close()
  }
}
