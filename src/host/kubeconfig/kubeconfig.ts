import type { Document, YAMLMap } from 'yaml'
import { YAMLSeq, isMap, isSeq, parseDocument } from 'yaml'
import { UserError } from '../user-error.ts'

/** What a kubeconfig needs to reach a cluster as one user. Certificates and keys are PEM texts. */
export interface Access {
  readonly server: string
  readonly caCertificate: string
  readonly clientCertificate: string
  readonly clientKey: string
}

/** The lists of a kubeconfig whose entries a context ties together. */
const LISTS = { clusters: 'cluster', users: 'user', contexts: 'context' } as const
type ListName = keyof typeof LISTS

/** A kubeconfig with one context, as YAML. */
export function renderKubeconfig(context: string, access: Access): string {
  return mergeContext('', context, access)
}

/**
 * Puts a context, with its cluster and user of the same name, into a kubeconfig and makes it the current one. All else
 * in it, comments too, stays as it is.
 */
export function mergeContext(text: string, context: string, access: Access): string {
  const config = parse(text)
  put(config, 'clusters', context, {
    'certificate-authority-data': base64(access.caCertificate),
    server: access.server,
  })
  put(config, 'users', context, {
    'client-certificate-data': base64(access.clientCertificate),
    'client-key-data': base64(access.clientKey),
  })
  put(config, 'contexts', context, { cluster: context, user: context })
  config.set('current-context', context)
  return config.toString({ lineWidth: 0 })
}

/**
 * Takes a context out again, with its cluster and user. When it was the current one, `fallback` becomes current if the
 * file has it, none otherwise. Undefined when there is nothing to take out.
 */
export function removeContext(text: string, context: string, fallback?: string): string | undefined {
  const config = parse(text)
  const taken = (Object.keys(LISTS) as ListName[]).filter((list) => take(config, list, context))
  if (config.get('current-context') === context) {
    const known = fallback !== undefined && find(config, 'contexts', fallback) >= 0
    config.set('current-context', known ? fallback : '')
  } else if (taken.length === 0) return undefined
  return config.toString({ lineWidth: 0 })
}

/** The context that commands use when they name none. */
export function currentContext(text: string): string | undefined {
  const current = parse(text).get('current-context')
  return typeof current === 'string' && current !== '' ? current : undefined
}

function parse(text: string): Document {
  const config = parseDocument(text.trim() === '' ? 'apiVersion: v1\nkind: Config\npreferences: {}\n' : text)
  const [problem] = config.errors
  if (problem) throw new UserError(`the kubeconfig is not valid YAML: ${problem.message.split('\n')[0]}`)
  if (!isMap(config.contents)) throw new UserError('the kubeconfig is not a YAML mapping')
  return config
}

/** The entries of a list; changing them changes the document, unless it has no such list. */
function entriesOf(config: Document, list: ListName): unknown[] {
  const present = config.get(list)
  return isSeq(present) ? present.items : []
}

function find(config: Document, list: ListName, name: string): number {
  return entriesOf(config, list).findIndex((item) => isMap(item) && item.get('name') === name)
}

function put(config: Document, list: ListName, name: string, value: Record<string, string>): void {
  const entry = config.createNode({ [LISTS[list]]: value, name }) as YAMLMap
  if (!isSeq(config.get(list))) config.set(list, new YAMLSeq())
  const at = find(config, list, name)
  const entries = entriesOf(config, list)
  if (at < 0) entries.push(entry)
  else entries[at] = entry
}

function take(config: Document, list: ListName, name: string): boolean {
  const at = find(config, list, name)
  if (at >= 0) entriesOf(config, list).splice(at, 1)
  return at >= 0
}

function base64(pem: string): string {
  return Buffer.from(pem).toString('base64')
}
