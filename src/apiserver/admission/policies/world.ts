import type { Namespace } from '../../../api/generated/types/core/v1.ts'
import { type CelValue, jsonValue } from '../../../apimachinery/cel/index.ts'
import type { Frozen, KubeObject } from '../../../apimachinery/meta.ts'
import type { MaybePromise } from '../../../store/store.ts'
import type { AdmissionAttributes } from '../types.ts'
import { NO_VARIABLES } from '../expressions/evaluate.ts'
import type { Namespaces } from '../webhooks/selectors.ts'

/** What a policy's expressions see of a request, but for the authorizer. */
export interface World {
  readonly attributes: AdmissionAttributes
  /** See requestVariables. */
  readonly request: Readonly<Record<string, CelValue>>
  readonly params: Frozen<KubeObject> | undefined
  readonly namespace: Frozen<Namespace> | undefined
}

/** The values of all variables but those of the authorizer; a policy with variables has its own instead. */
export function given({ request, params, namespace }: World): Record<string, CelValue> {
  return {
    ...request,
    params: params ? jsonValue(params) : null,
    namespaceObject: namespace ? namespaceObject(namespace) : null,
    variables: NO_VARIABLES,
  }
}

/** The request's namespace; a Namespace is in none. Throws 404 when it is not there. */
export function namespaceOf(
  namespaces: Namespaces,
  { namespace, kind }: AdmissionAttributes,
): MaybePromise<Frozen<Namespace> | undefined> {
  if (!namespace || (kind.kind === 'Namespace' && kind.group === '' && kind.version === 'v1')) return undefined
  return namespaces.get(namespace)
}

/** Without what only machines read. */
function namespaceObject(namespace: Frozen<Namespace>): CelValue {
  const { managedFields: _managed, ownerReferences: _owners, ...metadata } = namespace.metadata
  return jsonValue({ metadata, spec: namespace.spec ?? {}, status: namespace.status ?? {} })
}
