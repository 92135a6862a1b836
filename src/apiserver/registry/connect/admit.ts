import type { KubeObject } from '../../../apimachinery/meta.ts'
import type { Call } from '../../request/call.ts'
import { admissionAttributes } from '../admit.ts'
import type { Registry, ServedResource } from '../served.ts'

/** Admission of a connection; what is admitted are its options, such as PodExecOptions. */
export async function admitConnect(
  registry: Registry,
  resource: ServedResource,
  call: Call,
  options: { readonly kind: string } & Record<string, unknown>,
): Promise<void> {
  if (registry.admission.idle('CONNECT')) return
  const { kind } = options
  const object: KubeObject = { ...options, apiVersion: 'v1', metadata: {} }
  const subject = { object, options: { dryRun: false, raw: {} }, kind: { group: '', version: 'v1', kind } }
  const attributes = admissionAttributes(resource, call, 'CONNECT', subject)
  await registry.admission.mutate(attributes)
  await registry.admission.validate(attributes)
}
