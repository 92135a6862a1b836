import type { Frozen } from '../../apimachinery/meta.ts'
import type {
  FlowSchema,
  NonResourcePolicyRule,
  PolicyRulesWithSubjects,
  ResourcePolicyRule,
  Subject,
} from '../../api/generated/types/flowcontrol/v1.ts'
import type { UserInfo } from '../authn/types.ts'
import type { RequestInfo } from '../request/info.ts'

const ACCOUNT_PREFIX = 'system:serviceaccount:'

/** Some rules of one FlowSchema, for whoever is named by one of its subjects. */
interface Candidate<Schema> {
  /** Where its FlowSchema stands in the order of matching. */
  readonly order: number
  readonly schema: Schema
  readonly resources: readonly ResourceRule[]
  readonly paths: readonly PathRule[]
}

interface ResourceRule {
  readonly verbs: Words
  readonly resources: Words
  readonly groups: Words
  readonly namespaces: Words
  readonly clusterScope: boolean
}

interface PathRule {
  readonly verbs: Words
  readonly all: boolean
  readonly exact: readonly string[]
  readonly prefixes: readonly string[]
}

/** Undefined matches everything. */
type Words = ReadonlySet<string> | undefined

/**
 * Finds the FlowSchema of a request. Who sends it leads to the rules that name them, by hash; they are gathered once for each user as
 * long as the schemas stay as they are. Of these the first that matches in the order of precedence counts.
 */
export class Classifier<Schema extends { readonly object: Frozen<FlowSchema> }> {
  readonly #byUser = new Map<string, Candidate<Schema>[]>()
  readonly #byGroup = new Map<string, Candidate<Schema>[]>()
  /** By `namespace:name`, and by `namespace` alone for all accounts in it. */
  readonly #byAccount = new Map<string, Candidate<Schema>[]>()
  readonly #byNamespace = new Map<string, Candidate<Schema>[]>()
  readonly #known = new WeakMap<UserInfo, readonly Candidate<Schema>[]>()
  readonly #fallback: Schema

  /** The schemas in the order of matching. `fallback` is for requests that nothing matches. */
  constructor(schemas: readonly Schema[], fallback: Schema) {
    this.#fallback = fallback
    for (const [order, schema] of schemas.entries()) {
      for (const rule of schema.object.spec.rules ?? []) this.#add(order, schema, rule)
    }
  }

  find(user: UserInfo, info: RequestInfo): Schema {
    let candidates = this.#known.get(user)
    if (!candidates) this.#known.set(user, (candidates = this.#candidates(user)))
    for (const candidate of candidates) if (matches(candidate, info)) return candidate.schema
    return this.#fallback
  }

  #add(order: number, schema: Schema, rule: Frozen<PolicyRulesWithSubjects>): void {
    const candidate: Candidate<Schema> = {
      order,
      schema,
      resources: (rule.resourceRules ?? []).map(resourceRule),
      paths: (rule.nonResourceRules ?? []).map(pathRule),
    }
    for (const subject of rule.subjects) this.#name(subject, candidate)
  }

  #name({ kind, user, group, serviceAccount }: Frozen<Subject>, candidate: Candidate<Schema>): void {
    if (kind === 'User' && user) append(this.#byUser, user.name, candidate)
    else if (kind === 'Group' && group) append(this.#byGroup, group.name, candidate)
    else if (kind === 'ServiceAccount' && serviceAccount) {
      const { namespace, name } = serviceAccount
      if (name === '*') append(this.#byNamespace, namespace, candidate)
      else append(this.#byAccount, `${namespace}:${name}`, candidate)
    }
  }

  #candidates({ name, groups }: UserInfo): readonly Candidate<Schema>[] {
    const found = new Set<Candidate<Schema>>()
    const take = (more: readonly Candidate<Schema>[] = []): void => more.forEach((one) => found.add(one))
    take(this.#byUser.get(name))
    take(this.#byUser.get('*'))
    take(this.#byGroup.get('*'))
    for (const group of groups) take(this.#byGroup.get(group))
    if (name.startsWith(ACCOUNT_PREFIX)) {
      const account = name.slice(ACCOUNT_PREFIX.length)
      take(this.#byAccount.get(account))
      const colon = account.indexOf(':')
      if (colon >= 0) take(this.#byNamespace.get(account.slice(0, colon)))
    }
    return [...found].sort((a, b) => a.order - b.order)
  }
}

function append<T>(map: Map<string, T[]>, key: string, value: T): void {
  const known = map.get(key)
  if (known) known.push(value)
  else map.set(key, [value])
}

/** A wildcard counts only when it stands alone. */
function words(list: readonly string[] | undefined, wildcard = '*'): Words {
  return list?.length === 1 && list[0] === wildcard ? undefined : new Set(list)
}

function resourceRule(rule: Frozen<ResourcePolicyRule>): ResourceRule {
  return {
    verbs: words(rule.verbs),
    resources: words(rule.resources),
    groups: words(rule.apiGroups),
    namespaces: words(rule.namespaces),
    clusterScope: rule.clusterScope ?? false,
  }
}

/** A path matches what is below it too, with or without an asterisk at its end. */
function pathRule({ verbs, nonResourceURLs: urls }: Frozen<NonResourcePolicyRule>): PathRule {
  const withoutStar = urls.map((url) => (url.endsWith('*') ? url.slice(0, -1) : url))
  const prefixes = withoutStar.map((url) => (url.endsWith('/') ? url : `${url}/`))
  return { verbs: words(verbs), all: urls.includes('*'), exact: urls, prefixes }
}

function matches<Schema>(candidate: Candidate<Schema>, info: RequestInfo): boolean {
  if (!info.isResource) return candidate.paths.some((rule) => matchesPath(rule, info))
  for (const rule of candidate.resources) if (matchesResource(rule, info)) return true
  return false
}

function matchesResource(
  { verbs, resources, groups, namespaces, clusterScope }: ResourceRule,
  info: RequestInfo,
): boolean {
  if (verbs && !verbs.has(info.verb)) return false
  if (resources && !resources.has(info.subresource === '' ? info.resource : `${info.resource}/${info.subresource}`)) {
    return false
  }
  if (groups && !groups.has(info.group)) return false
  if (info.namespace === '') return clusterScope
  return !namespaces || namespaces.has(info.namespace)
}

function matchesPath({ verbs, all, exact, prefixes }: PathRule, { verb, path }: RequestInfo): boolean {
  if (verbs && !verbs.has(verb)) return false
  return all || exact.includes(path) || prefixes.some((prefix) => path.startsWith(prefix))
}
