import type { TokenRequest, TokenRequestSpec } from '../../../api/generated/types/authentication/v1.ts'
import type { Node, Pod, Secret } from '../../../api/generated/types/core/v1.ts'
import { nodes } from '../../../api/core/v1/node.ts'
import { pods } from '../../../api/core/v1/pod.ts'
import { secrets } from '../../../api/core/v1/secret.ts'
import { schemaFor } from '../../../api/schema-for.ts'
import { recordUpdate } from '../../../apimachinery/apply/update.ts'
import {
  apiVersionOf,
  type Frozen,
  type KubeObject,
  type ManagedFieldsEntry,
  timestamp,
} from '../../../apimachinery/meta.ts'
import type { ResourceDefinition } from '../../../apimachinery/resource.ts'
import {
  badRequest,
  conflict,
  type FieldError,
  invalid,
  invalidObject,
  notFound,
} from '../../../apimachinery/status.ts'
import { readStored } from '../../mirror/read-stored.ts'
import { admissionAttributes } from '../../registry/admit.ts'
import type { Answer } from '../../registry/answer.ts'
import { type BodyKind, readKind } from '../../registry/body.ts'
import { matchNamespace } from '../../registry/metadata.ts'
import { readWriteOptions } from '../../registry/options.ts'
import { type Registry, type ServedResource, storageKey } from '../../registry/served.ts'
import type { Subresource } from '../../registry/subresources/subresource.ts'
import { annotate, type Call } from '../../request/call.ts'
import type { ClaimRef } from './claims.ts'
import type { TokenIssuer } from './issuer.ts'

const TOKEN_REQUEST = {
  group: 'authentication.k8s.io',
  version: 'v1',
  kind: 'TokenRequest',
  get schema() {
    return schemaFor('io.k8s.api.authentication.v1.TokenRequest')
  },
  defaults(request: TokenRequest & KubeObject): void {
    ;(request.spec ??= {}).expirationSeconds ??= DEFAULT_SECONDS
  },
} satisfies BodyKind & { readonly defaults: unknown }

const DEFAULT_SECONDS = 3600
const LEAST_SECONDS = 600
const MOST_SECONDS = 2 ** 32

/** serviceaccounts/token: makes a token of the account, bound to a pod, secret or node when one is named. */
export function tokenSubresource(issuer: TokenIssuer): Subresource {
  return {
    verbs: ['create'],
    answer: (registry, resource, call) => requestToken(issuer, registry, resource, call),
  }
}

async function requestToken(
  issuer: TokenIssuer,
  registry: Registry,
  resource: ServedResource,
  call: Call,
): Promise<Answer> {
  const { namespace, name } = call.info
  const options = readWriteOptions(call, 'CreateOptions')
  const request = await readKind<TokenRequest & KubeObject>(registry, call, TOKEN_REQUEST, options.fieldValidation)
  trackManager(registry, options.fieldManager, request)
  matchNamespace(resource.definition, request, namespace)
  const admission = admissionAttributes(resource, call, 'CREATE', { object: request, options, kind: TOKEN_REQUEST })
  // It sees which audiences the client named: those of the server come afterwards.
  if (!registry.admission.idle('CREATE')) await registry.admission.mutate(admission)
  checkNames(request, namespace, name)
  const account = await currentAccount(registry, resource, namespace, name)
  const spec = completed(request, issuer, namespace, name, registry.env.clock.now())
  const problems = [...validate(spec)]
  if (problems.length > 0) throw invalidObject(TOKEN_REQUEST, '', problems)
  if (!registry.admission.idle('CREATE')) await registry.admission.validate(admission)
  const now = registry.env.clock.now()
  const bound = await boundObjects(registry, namespace, name, request.spec.boundObjectRef)
  const { audiences } = spec
  const expirationSeconds = (request.spec.expirationSeconds = shortened(spec.expirationSeconds, issuer, call))
  const { uid = '' } = account.metadata
  const subject = { namespace, account: { name, uid }, audiences, expirationSeconds, ...bound }
  const { token, id } = await issuer.issue(subject)
  annotate(call, 'authentication.kubernetes.io/issued-credential-id', `JTI=${id}`)
  request.metadata.uid = uid
  request.status = { token, expirationTimestamp: timestamp(now + expirationSeconds * 1000) }
  return { type: 'value', status: 201, value: request }
}

/** Notes who asked for what: it is told, and kept nowhere. */
function trackManager({ env }: Registry, manager: string, request: TokenRequest & KubeObject): void {
  const entries = recordUpdate(undefined, request, {
    schema: TOKEN_REQUEST.schema,
    apiVersion: apiVersionOf(TOKEN_REQUEST),
    manager,
    subresource: 'token',
    now: timestamp(env.clock.now()),
  })
  if (entries) request.metadata.managedFields = entries as ManagedFieldsEntry[]
}

/** No token lasts longer than the server lets it; who asks for more is told. */
function shortened(seconds: number, { maxExpirationSeconds: most }: TokenIssuer, call: Call): number {
  if (seconds <= most) return seconds
  call.warnings.push(`requested expiration of ${seconds} seconds shortened to ${most} seconds`)
  return most
}

function checkNames({ metadata }: TokenRequest, namespace: string, name: string): void {
  const check = (field: 'name' | 'namespace', wanted: string): void => {
    const given = metadata[field]
    if (!given || given === wanted) return
    const problem = invalid(`metadata.${field}`, given, `must match the service account ${field} if specified`)
    throw invalidObject(TOKEN_REQUEST, name, [problem])
  }
  check('name', name)
  check('namespace', namespace)
}

async function currentAccount(
  registry: Registry,
  { definition, codec, groupResource }: ServedResource,
  namespace: string,
  name: string,
): Promise<Frozen<KubeObject>> {
  const entry = await registry.store.get(storageKey(definition, namespace, name))
  if (!entry) throw notFound(groupResource, name)
  return codec.decodeEntry(entry)
}

/** Fills what the client left out, in place; the part that counts. */
function completed(
  request: TokenRequest,
  issuer: TokenIssuer,
  namespace: string,
  name: string,
  now: number,
): Required<Pick<TokenRequestSpec, 'audiences' | 'expirationSeconds'>> {
  const spec = (request.spec ??= {})
  const audiences = spec.audiences?.length ? spec.audiences : [...issuer.audiences]
  const expirationSeconds = spec.expirationSeconds ?? DEFAULT_SECONDS
  Object.assign(spec, { audiences, expirationSeconds, boundObjectRef: spec.boundObjectRef ?? null })
  Object.assign(request.metadata, { name, namespace, creationTimestamp: timestamp(now) })
  delete request.status
  return { audiences, expirationSeconds }
}

function* validate({ expirationSeconds }: { readonly expirationSeconds: number }): Iterable<FieldError> {
  const path = 'spec.expirationSeconds'
  if (expirationSeconds < LEAST_SECONDS)
    yield invalid(path, expirationSeconds, 'may not specify a duration less than 10 minutes')
  if (expirationSeconds > MOST_SECONDS)
    yield invalid(path, expirationSeconds, 'may not specify a duration larger than 2^32 seconds')
}

interface Bound {
  readonly pod?: ClaimRef
  readonly secret?: ClaimRef
  readonly node?: ClaimRef
}

/** What the token is to end with, as it is now. A pod's token also says on which node the pod runs. */
async function boundObjects(
  registry: Registry,
  namespace: string,
  account: string,
  ref: TokenRequestSpec['boundObjectRef'],
): Promise<Bound> {
  if (!ref) return {}
  const { kind = '', apiVersion = '', name = '' } = ref
  if (apiVersion === 'v1' && kind === 'Pod') {
    const pod = await current<Pod>(registry, pods, `${namespace}/${name}`)
    if (pod.spec.serviceAccountName !== account) {
      throw badRequest(
        `cannot bind token for serviceaccount "${account}" to pod running with different serviceaccount name.`,
      )
    }
    return { pod: checked(pod, ref), ...(pod.spec.nodeName && { node: await nodeOf(registry, pod.spec.nodeName) }) }
  }
  if (apiVersion === 'v1' && kind === 'Secret') {
    return { secret: checked(await current<Secret>(registry, secrets, `${namespace}/${name}`), ref) }
  }
  if (apiVersion === 'v1' && kind === 'Node') {
    return { node: checked(await current<Node>(registry, nodes, name), ref) }
  }
  const slash = apiVersion.indexOf('/')
  const [group, version] = slash < 0 ? ['', apiVersion] : [apiVersion.slice(0, slash), apiVersion.slice(slash + 1)]
  throw badRequest(`cannot bind token to object of type ${group}/${version}, Kind=${kind}`)
}

/** A node that is gone already is still named. */
async function nodeOf({ store }: Registry, name: string): Promise<ClaimRef> {
  const node = await readStored<Node>(store, nodes, name)
  return node?.metadata.uid ? { name, uid: node.metadata.uid } : { name }
}

async function current<T extends KubeObject>(
  { store }: Registry,
  definition: Pick<ResourceDefinition<T>, 'storagePrefix' | 'plural'>,
  key: string,
): Promise<Frozen<T>> {
  const found = await readStored<T>(store, definition, key)
  if (!found) throw notFound({ group: '', resource: definition.plural }, key.slice(key.indexOf('/') + 1))
  return found
}

function checked({ metadata }: Frozen<KubeObject>, ref: NonNullable<TokenRequestSpec['boundObjectRef']>): ClaimRef {
  const { name = '', uid = '' } = metadata
  if (ref.uid && ref.uid !== uid) {
    const why = `the UID in the bound object reference (${ref.uid}) does not match the UID in record. The object might have been deleted and then recreated`
    throw conflict({ group: '', resource: ref.kind ?? '' }, name, why)
  }
  return { name, uid }
}
