import type { Frozen } from '../../../apimachinery/meta.ts'
import { type FieldError, invalid, notSupported, required } from '../../../apimachinery/status.ts'
import { supported } from '../../checks.ts'
import type { RuleWithOperations } from '../../generated/types/admissionregistration/v1.ts'

const OPERATIONS = ['*', 'CONNECT', 'CREATE', 'DELETE', 'UPDATE']

/** Which requests a hook or a policy is for. */
export function* validateRule(rule: Frozen<RuleWithOperations>, path: string): Iterable<FieldError> {
  const { operations = [], apiGroups = [], apiVersions = [], resources = [], scope } = rule
  yield* validateList(operations, 'operations', `${path}.operations`)
  for (const [index, operation] of operations.entries()) {
    if (!OPERATIONS.includes(operation)) yield notSupported(`${path}.operations[${index}]`, operation, OPERATIONS)
  }
  yield* validateList(apiGroups, 'API groups', `${path}.apiGroups`)
  yield* validateList(apiVersions, 'API versions', `${path}.apiVersions`)
  for (const [index, version] of apiVersions.entries()) {
    if (version === '') yield required(`${path}.apiVersions[${index}]`)
  }
  yield* validateResources(resources, `${path}.resources`)
  yield* supported(`${path}.scope`, scope, ['*', 'Cluster', 'Namespaced'])
}

/** Present, and with nothing else next to a wildcard. */
function* validateList(values: readonly string[], what: string, path: string): Iterable<FieldError> {
  if (values.length === 0) yield required(path)
  if (values.length > 1 && values.includes('*')) {
    yield invalid(path, values, `if '*' is present, must not specify other ${what}`)
  }
}

function* validateResources(resources: readonly string[], path: string): Iterable<FieldError> {
  if (resources.length === 0) yield required(path)
  const wholes = new Set<string>()
  const parts = new Set<string>()
  for (const [index, one] of resources.entries()) {
    const field = `${path}[${index}]`
    if (one === '') yield required(field)
    const slash = one.indexOf('/')
    if (slash < 0) continue
    const resource = one.slice(0, slash)
    const subresource = one.slice(slash + 1)
    if (wholes.has(resource)) yield invalid(field, one, `if '${resource}/*' is present, must not specify ${one}`)
    if (parts.has(subresource)) yield invalid(field, one, `if '*/${subresource}' is present, must not specify ${one}`)
    if (subresource === '*') wholes.add(resource)
    if (resource === '*') parts.add(subresource)
  }
  if (resources.length > 1 && resources.includes('*/*')) {
    yield invalid(path, resources, "if '*/*' is present, must not specify other resources")
  }
  const lastPlain = resources.filter((one) => one && !one.includes('/')).at(-1)
  if (resources.includes('*') && lastPlain !== '*') {
    const text = "if '*' is present, must not specify other resources without subresources"
    yield invalid(path, resources, text)
  }
}
