import { namespaces } from '../../../api/core/v1/namespace.ts'
import type { Namespace, Pod } from '../../../api/generated/types/core/v1.ts'
import type { Frozen } from '../../../apimachinery/meta.ts'
import { internalError } from '../../../apimachinery/status.ts'
import type { Mirror } from '../../mirror/mirror.ts'
import { resourceName } from '../forbidden.ts'
import type { AdmissionSources } from '../sources.ts'
import type { AdmissionAttributes, AdmissionPlugin } from '../types.ts'
import type { PodLike } from './check.ts'
import type { PodSecurityConfig } from './config.ts'
import { annotate, evaluate, type Standard } from './evaluate.ts'
import { checkNamespace } from './namespace.ts'
import { FULLY_PRIVILEGED, type Policy, policyOf } from './policy.ts'
import { isSignificant } from './significant.ts'
import { hasTemplate, templateOf } from './templates.ts'

/** Subresources of pods that cannot change what the pod may do. */
const HARMLESS: ReadonlySet<string> = new Set([
  'exec',
  'attach',
  'binding',
  'eviction',
  'log',
  'portforward',
  'proxy',
  'status',
])

const EVERYBODY: PodSecurityConfig = {
  defaults: FULLY_PRIVILEGED,
  exemptions: { usernames: [], namespaces: [], runtimeClasses: [] },
}

type Parsed = ReturnType<typeof policyOf>

/** Holds pods to the Pod Security Standard that their namespace's labels name (upstream's PodSecurity). */
export function podSecurity(
  { mirrors, store, env, counts: { podSecurity: counts } }: AdmissionSources,
  config: PodSecurityConfig = EVERYBODY,
): AdmissionPlugin {
  const mirror = mirrors.of(namespaces)
  const policies = policiesOf(mirror, config.defaults)
  const standard = { config, counts }
  return {
    name: 'PodSecurity',
    handles: (operation) => operation === 'CREATE' || operation === 'UPDATE',
    async validate(attributes) {
      const resource = resourceName(attributes)
      if (resource === 'namespaces') return checkNamespace(attributes, { store, clock: env.clock, config })
      if (resource === 'pods') return checkPod(attributes, standard, policies)
      if (hasTemplate(resource) && attributes.subresource === '')
        return checkTemplate(attributes, resource, standard, policies)
    },
  }
}

type Policies = (attributes: AdmissionAttributes) => Promise<Parsed | undefined>

/** What namespaces ask for, read once for each version of a namespace; undefined for one that is not there. */
function policiesOf(mirror: Mirror<Namespace>, defaults: Policy): Policies {
  const known = new WeakMap<object, Parsed>()
  return async ({ namespace }) => {
    const found = mirror.get(namespace) ?? (await mirror.live(namespace))
    if (!found) return undefined
    let parsed = known.get(found)
    if (!parsed) known.set(found, (parsed = policyOf(found.metadata.labels, defaults)))
    return parsed
  }
}

async function checkPod(attributes: AdmissionAttributes, standard: Standard, policies: Policies): Promise<void> {
  if (HARMLESS.has(attributes.subresource) || isExempt(attributes, standard)) return
  const parsed = await policies(attributes)
  if (!parsed) {
    const why = `failed to lookup namespace ${JSON.stringify(attributes.namespace)}`
    const error = internalError(new Error(why))
    standard.counts.failed(attributes, true)
    annotate(attributes, 'error', `${error.message}: namespaces ${JSON.stringify(attributes.namespace)} not found`)
    throw error
  }
  const { policy, errors } = parsed
  if (errors.length === 0 && isPrivileged(policy, 'enforce') && asksNothing(policy)) {
    standard.counts.evaluated(attributes, 'enforce', policy.enforce, true)
    return annotate(attributes, 'enforce-policy', 'privileged:latest')
  }
  const pod = attributes.object as Pod
  if (attributes.operation === 'UPDATE' && !isSignificant(pod, attributes.oldObject as Frozen<Pod>)) return
  evaluate(attributes, parsed, standard, pod, true)
}

/** What makes pods is never refused for them: its pods will be. */
async function checkTemplate(
  attributes: AdmissionAttributes,
  resource: string,
  standard: Standard,
  policies: Policies,
): Promise<void> {
  if (isExempt(attributes, standard)) return
  const parsed = await policies(attributes)
  if (!parsed || (parsed.errors.length === 0 && asksNothing(parsed.policy))) return
  const template = templateOf(resource, attributes.object)
  if (!template) return
  const pod: PodLike = { metadata: template.metadata ?? {}, spec: template.spec ?? { containers: [] } }
  evaluate(attributes, parsed, standard, pod, false)
}

const isPrivileged = (policy: Policy, mode: keyof Policy): boolean => policy[mode].level === 'privileged'

/** Nothing is warned of, nothing noted. */
const asksNothing = (policy: Policy): boolean => isPrivileged(policy, 'warn') && isPrivileged(policy, 'audit')

function isExempt(attributes: AdmissionAttributes, { config: { exemptions }, counts }: Standard): boolean {
  const { namespace, user } = attributes
  const why = exemptions.namespaces.includes(namespace)
    ? 'namespace'
    : user.name !== '' && exemptions.usernames.includes(user.name)
      ? 'user'
      : undefined
  if (why === undefined) return false
  counts.exempted(attributes)
  annotate(attributes, 'exempt', why)
  return true
}
