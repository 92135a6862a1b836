import type { ResourceDefinition } from '../apimachinery/resource.ts'
import { failure, forbidden, internalError, StatusError } from '../apimachinery/status.ts'
import type { Env } from '../lib/env.ts'
import type { Store } from '../store/store.ts'
import { AdmissionChain } from './admission/chain.ts'
import type { AdmissionPlugin } from './admission/types.ts'
import { ANONYMOUS, type Authenticator, type UserInfo } from './authn/types.ts'
import type { AuthorizationAttributes, Authorizer } from './authz/types.ts'
import type { Answer } from './registry/answer.ts'
import { type Registry, type ResourceHooks, serve, type ServedResource } from './registry/served.ts'
import { answerVerb } from './registry/verbs.ts'
import type { Call } from './request/call.ts'
import { ResourceHubs } from './watch/hub.ts'

/** What an API server is made of. Pure: sockets are serveHttps's business. */
export interface ApiServerOptions {
  readonly store: Store
  readonly env: Env
  readonly resources: readonly ResourceDefinition[]
  readonly authenticator: Authenticator
  readonly authorizer: Authorizer
  /** In the order they run. */
  readonly admission: readonly AdmissionPlugin[]
  /** By `plural.group`, or the plural alone in the core group. */
  readonly hooks?: Readonly<Record<string, ResourceHooks>>
  /** Freezes what in-process clients are handed, to find who changes shared objects. For tests. */
  readonly freeze?: boolean
}

export class ApiServer {
  readonly env: Env
  readonly registry: Registry
  readonly #authenticator: Authenticator
  readonly #authorizer: Authorizer
  readonly #resources = new Map<string, ServedResource>()

  constructor(options: ApiServerOptions) {
    const { store, env, authorizer } = options
    this.env = env
    this.#authenticator = options.authenticator
    this.#authorizer = authorizer
    const admission = new AdmissionChain(options.admission)
    this.registry = { store, env, admission, authorizer, hubs: new ResourceHubs(store) }
    for (const definition of options.resources) {
      const hooks = options.hooks?.[qualifiedName(definition)] ?? {}
      this.#resources.set(routeKey(definition), serve(definition, hooks, options.freeze ?? false))
    }
  }

  /** Who sends these credentials; anonymous when nobody knows. Throws 401 for bad ones. */
  async authenticate(credentials: Parameters<Authenticator['authenticate']>[0]): Promise<UserInfo> {
    try {
      return (await this.#authenticator.authenticate(credentials))?.user ?? ANONYMOUS
    } catch (error) {
      this.env.log.debug('authentication failed', { err: error, path: credentials.path })
      throw failure('Unauthorized', 'Unauthorized')
    }
  }

  /** Answers one request past authentication. Never throws but StatusErrors. */
  async answer(call: Call): Promise<Answer> {
    try {
      await this.#authorize(call)
      return await this.#route(call)
    } catch (error) {
      if (error instanceof StatusError) throw error
      this.env.log.error('request failed', { err: error, path: call.info.path, method: call.method })
      throw internalError(error)
    }
  }

  async #authorize(call: Call): Promise<void> {
    const attributes = authorizationAttributes(call)
    const { decision, reason } = await this.#authorizer.authorize(attributes)
    if (decision !== 'Allow') throw refused(attributes, reason ?? '')
  }

  async #route(call: Call): Promise<Answer> {
    const { info } = call
    const resource = info.isResource ? this.#resources.get(`${info.group}/${info.version}/${info.resource}`) : undefined
    if (!resource) throw failure('NotFound', 'the server could not find the requested resource', {})
    return answerVerb(this.registry, resource, call)
  }
}

/** Builds an API server. */
export function createApiServer(options: ApiServerOptions): ApiServer {
  return new ApiServer(options)
}

function routeKey({ group, version, plural }: ResourceDefinition): string {
  return `${group}/${version}/${plural}`
}

function qualifiedName({ group, plural }: ResourceDefinition): string {
  return group ? `${plural}.${group}` : plural
}

/** What the authorizer is asked for a request. */
export function authorizationAttributes({ info, user, query }: Call): AuthorizationAttributes {
  const fieldSelector = query.get('fieldSelector')
  const labelSelector = query.get('labelSelector')
  return {
    user,
    verb: info.verb,
    resourceRequest: info.isResource,
    path: info.path,
    namespace: info.namespace,
    apiGroup: info.group,
    apiVersion: info.version,
    resource: info.resource,
    subresource: info.subresource,
    name: info.name,
    ...(fieldSelector && { fieldSelector }),
    ...(labelSelector && { labelSelector }),
  }
}

/** 403 in upstream's words. */
export function refused(attributes: AuthorizationAttributes, reason: string): StatusError {
  const { user, verb, path, namespace, apiGroup, resource, subresource, name } = attributes
  const who = `User ${JSON.stringify(user.name)}`
  const why = reason ? `: ${reason}` : ''
  if (!attributes.resourceRequest) {
    return forbidden({ group: '', resource: '' }, '', `${who} cannot ${verb} path ${JSON.stringify(path)}${why}`)
  }
  const what = subresource ? `${resource}/${subresource}` : resource
  const where = namespace ? `in the namespace ${JSON.stringify(namespace)}` : 'at the cluster scope'
  const text = `${who} cannot ${verb} resource ${JSON.stringify(what)} in API group ${JSON.stringify(apiGroup)} ${where}${why}`
  return forbidden({ group: apiGroup, resource }, name, text)
}
