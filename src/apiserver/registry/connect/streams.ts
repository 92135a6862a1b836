import { badRequest, hasReason, notFound } from '../../../apimachinery/status.ts'
import type { Call } from '../../request/call.ts'
import { isTrue } from '../../request/info.ts'
import type { Answer, UpgradeAnswer } from '../answer.ts'
import { mayCreate } from '../authorize.ts'
import type { Registry } from '../served.ts'
import type { Subresource } from '../subresources/subresource.ts'
import { admitConnect } from './admit.ts'
import type { ConnectTarget } from './connector.ts'
import { containerOf, getPod, kubeletTarget } from './location.ts'

/** pods/exec: runs a command in a container. */
export const execSubresource: Subresource = streaming('exec', 'PodExecOptions')
/** pods/attach: joins a container's main process. */
export const attachSubresource: Subresource = streaming('attach', 'PodAttachOptions')
/** pods/portforward: connects to a pod's ports. */
export const portForwardSubresource: Subresource = streaming('portforward', 'PodPortForwardOptions')

type Kind = 'exec' | 'attach' | 'portforward'

function streaming(kind: Kind, options: string): Subresource {
  return {
    verbs: ['get', 'create'],
    passesOn: true,
    async answer(registry, resource, call) {
      // Whoever comes by GET, as WebSockets must, needs the right to create as well (1.35).
      await mayCreate(registry, call)
      await admitConnect(registry, resource, call, { kind: options, ...streamOptions(call.query) })
      return upgradeAnswer(registry, call, kind)
    },
  }
}

/** The query as the options that it stands for. */
function streamOptions(query: URLSearchParams): Record<string, unknown> {
  const flags = ['stdin', 'stdout', 'stderr', 'tty'].filter((name) => query.has(name))
  const ports = query.getAll('ports').flatMap((text) => text.split(','))
  const container = query.get('container')
  return {
    ...Object.fromEntries(flags.map((name) => [name, isTrue(query.get(name))])),
    ...(container && { container }),
    ...(query.has('command') && { command: query.getAll('command') }),
    ...(ports.length > 0 && { ports: ports.map(Number) }),
  }
}

async function upgradeAnswer(registry: Registry, call: Call, kind: Kind): Promise<Answer> {
  const { namespace, name } = call.info
  const pod = await getPod(registry, namespace, name)
  const container = kind === 'portforward' ? '' : containerOf(pod, call.query.get('container') ?? '')
  const node = pod.spec.nodeName
  if (!node) throw badRequest(`pod ${name} does not have a host assigned`)
  const where =
    kind === 'portforward' ? `/portForward/${namespace}/${name}` : `/${kind}/${namespace}/${name}/${container}`
  const target = await nodeOf(registry, node, `${where}?${kubeletQuery(call.query, kind)}`)
  const answer: UpgradeAnswer = {
    type: 'upgrade',
    kind: kind === 'portforward' ? 'port-forward' : 'remote-command',
    target,
  }
  return answer
}

/** The kubelet's names for what the client asks. */
function kubeletQuery(query: URLSearchParams, kind: Kind): string {
  const out = new URLSearchParams()
  if (kind === 'portforward') {
    const ports = query.getAll('ports').flatMap((text) => text.split(','))
    if (ports.length > 0) out.set('port', ports.join(','))
    return out.toString()
  }
  const on = (asked: string, sent: string, byDefault = false): void => {
    const value = query.get(asked)
    if (value === null ? byDefault : isTrue(value)) out.set(sent, '1')
  }
  on('stdin', 'input')
  on('stdout', 'output', kind === 'attach')
  on('stderr', 'error', kind === 'attach')
  on('tty', 'tty')
  if (kind === 'exec') for (const word of query.getAll('command')) out.append('command', word)
  return out.toString()
}

/** The node of a pod. Upstream says of a node that is gone that no pod has its name. */
async function nodeOf(registry: Registry, node: string, path: string): Promise<ConnectTarget> {
  try {
    return await kubeletTarget(registry, node, path)
  } catch (error) {
    throw hasReason(error, 'NotFound') ? notFound({ group: '', resource: 'pods' }, node) : error
  }
}
