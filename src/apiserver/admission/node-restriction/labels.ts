/** Labels of kubernetes.io and k8s.io that a kubelet may set on its node (upstream's kubelet label allow-list). */
const ALLOWED: ReadonlySet<string> = new Set([
  'kubernetes.io/hostname',
  'kubernetes.io/os',
  'kubernetes.io/arch',
  'beta.kubernetes.io/os',
  'beta.kubernetes.io/arch',
  'beta.kubernetes.io/instance-type',
  'node.kubernetes.io/instance-type',
  'topology.kubernetes.io/region',
  'topology.kubernetes.io/zone',
  'failure-domain.beta.kubernetes.io/region',
  'failure-domain.beta.kubernetes.io/zone',
  'node.kubernetes.io/windows-build',
])
const ALLOWED_NAMESPACES = ['kubelet.kubernetes.io', 'node.kubernetes.io']
const RESTRICTED = 'node-restriction.kubernetes.io'

type Labels = Readonly<Record<string, string>>

/** The labels that a kubelet may not set, change or remove, of those in which the two differ; sorted. */
export function forbiddenLabels(now: Labels = {}, before: Labels = {}): string[] {
  const keys = new Set([...Object.keys(now), ...Object.keys(before)])
  return [...keys].filter((key) => now[key] !== before[key] && isForbidden(key)).sort((a, b) => (a < b ? -1 : 1))
}

function isForbidden(key: string): boolean {
  const slash = key.indexOf('/')
  const namespace = slash < 0 ? '' : key.slice(0, slash)
  if (isIn(namespace, RESTRICTED)) return true
  const isOurs = isIn(namespace, 'kubernetes.io') || isIn(namespace, 'k8s.io')
  return isOurs && !ALLOWED.has(key) && !ALLOWED_NAMESPACES.some((allowed) => isIn(namespace, allowed))
}

function isIn(namespace: string, domain: string): boolean {
  return namespace === domain || namespace.endsWith(`.${domain}`)
}
