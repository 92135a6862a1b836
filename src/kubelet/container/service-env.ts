import type { Frozen } from '../../apimachinery/meta.ts'
import type { Service } from '../../api/generated/types/core/v1.ts'

/** Services of the default namespace that every pod hears of. */
const MASTER_SERVICES = ['kubernetes']
const MASTER_NAMESPACE = 'default'

/**
 * The variables that tell a container of the Services of its namespace, in the form of Docker links
 * (upstream's pkg/kubelet/envvars). Without links only the API server's is told.
 */
export function serviceEnvironment(
  services: readonly Frozen<Service>[],
  namespace: string,
  links: boolean,
): ReadonlyMap<string, string> {
  const chosen = new Map<string, Frozen<Service>>()
  for (const service of services) {
    const { name = '', namespace: home } = service.metadata
    const { clusterIP } = service.spec ?? {}
    if (!clusterIP || clusterIP === 'None') continue
    const master = home === MASTER_NAMESPACE && MASTER_SERVICES.includes(name)
    if (home === namespace && (links || master)) chosen.set(name, service)
    else if (master && !chosen.has(name)) chosen.set(name, service)
  }
  const variables = new Map<string, string>()
  for (const service of chosen.values()) addService(variables, service)
  return variables
}

function addService(variables: Map<string, string>, service: Frozen<Service>): void {
  const prefix = variableName(service.metadata.name ?? '')
  const ip = service.spec?.clusterIP ?? ''
  const ports = service.spec?.ports ?? []
  const [first] = ports
  variables.set(`${prefix}_SERVICE_HOST`, ip)
  if (!first) return
  variables.set(`${prefix}_SERVICE_PORT`, String(first.port))
  for (const { name, port } of ports) {
    if (name) variables.set(`${prefix}_SERVICE_PORT_${variableName(name)}`, String(port))
  }
  const host = ip.includes(':') ? `[${ip}]` : ip
  for (const { port, protocol = 'TCP' } of ports) {
    const url = `${protocol.toLowerCase()}://${host}:${port}`
    const link = `${prefix}_PORT_${port}_${protocol}`
    if (port === first.port && protocol === (first.protocol ?? 'TCP')) variables.set(`${prefix}_PORT`, url)
    variables.set(link, url)
    variables.set(`${link}_PROTO`, protocol.toLowerCase())
    variables.set(`${link}_PORT`, String(port))
    variables.set(`${link}_ADDR`, ip)
  }
}

const variableName = (name: string): string => name.toUpperCase().replaceAll('-', '_')
