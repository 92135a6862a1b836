import type { Container, Pod, ServiceAccount } from '../../../api/generated/types/core/v1.ts'
import type { Frozen } from '../../../apimachinery/meta.ts'

const ANNOTATION = 'kubernetes.io/enforce-mountable-secrets'
/** As Go's strconv.ParseBool reads it. */
const TRUE: ReadonlySet<string | undefined> = new Set(['1', 't', 'T', 'true', 'TRUE', 'True'])

/** Whether pods of the account may use those Secrets alone that it lists. */
export function isLimited({ metadata }: Frozen<ServiceAccount>): boolean {
  return TRUE.has(metadata.annotations?.[ANNOTATION])
}

/** What of a new pod names a Secret that its account does not list, in upstream's words; undefined when nothing. */
export function foreignSecret({ spec }: Frozen<Pod>, account: Frozen<ServiceAccount>): string | undefined {
  const who = account.metadata.name
  const listed = namesOf(account.secrets)
  for (const { secret } of spec.volumes ?? [])
    if (secret && !listed.has(secret.secretName ?? ''))
      return `volume with secret.secretName="${secret.secretName ?? ''}" is not allowed because service account ${who} does not reference that secret`
  const inContainers =
    ofContainers(spec.initContainers, 'init container', account) ?? ofContainers(spec.containers, 'container', account)
  if (inContainers) return inContainers
  const pulling = namesOf(account.imagePullSecrets)
  for (const [index, { name = '' }] of (spec.imagePullSecrets ?? []).entries())
    if (!pulling.has(name))
      return `imagePullSecrets[${index}].name="${name}" is not allowed because service account ${who} does not reference that imagePullSecret`
  return undefined
}

/** The same of the containers that a pod gets later. */
export function foreignSecretOfEphemeral({ spec }: Frozen<Pod>, account: Frozen<ServiceAccount>): string | undefined {
  return ofContainers(spec.ephemeralContainers, 'ephemeral container', account)
}

function ofContainers(
  containers: readonly Frozen<Pick<Container, 'name' | 'env' | 'envFrom'>>[] = [],
  what: string,
  account: Frozen<ServiceAccount>,
): string | undefined {
  const listed = namesOf(account.secrets)
  const refusal = (name: string, by: string, secret: string): string =>
    `${what} ${name} with ${by} referencing secret.secretName="${secret}" is not allowed because service account ${account.metadata.name} does not reference that secret`
  for (const { name, env = [], envFrom = [] } of containers) {
    for (const { name: variable, valueFrom } of env) {
      const secret = valueFrom?.secretKeyRef && (valueFrom.secretKeyRef.name ?? '')
      if (secret !== undefined && !listed.has(secret)) return refusal(name, `envVar ${variable}`, secret)
    }
    for (const { secretRef } of envFrom) {
      const secret = secretRef && (secretRef.name ?? '')
      if (secret !== undefined && !listed.has(secret)) return refusal(name, 'envFrom', secret)
    }
  }
  return undefined
}

function namesOf(references: readonly { readonly name?: string | undefined }[] = []): ReadonlySet<string> {
  return new Set(references.map(({ name = '' }) => name))
}
