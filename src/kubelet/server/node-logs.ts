import { isFileError, type Files } from '../host/files.ts'
import { text, type NodeResponse } from './api.ts'

/** What `/logs/` shows of the node (upstream's nodeLogDir). */
export const NODE_LOGS_DIR = '/var/log'

/**
 * `/logs/...`: the node's own logs, its folders as pages of links (Go's http.FileServer). No symlink leads out of `root`, and nothing is read but
 * regular files: containers may have folders of their logs there.
 */
export async function nodeLogs(files: Files, root: string, pathname: string): Promise<NodeResponse> {
  const relative = pathname.replace(/^\/logs(?=\/)/, '')
  // As upstream's, which takes a prefix off that ends with a slash.
  if (!relative.startsWith('/')) return text('404 page not found\n', 404)
  try {
    const found = await files.lookWithin(root, relative.replace(/\/$/, ''))
    const asFolder = relative.endsWith('/')
    const name = encodeURIComponent(relative.split('/').findLast((part) => part !== '') ?? '')
    if (found.kind === 'directory') return asFolder ? listing(found.entries) : moved(`${name}/`)
    if (asFolder) return moved(`../${name}`)
    return { status: 200, contentType: 'text/plain; charset=utf-8', body: found.content }
  } catch (error) {
    if (isFileError(error, 'ENOENT', 'ENOTDIR')) return text('404 page not found\n', 404)
    if (isFileError(error, 'EACCES', 'EPERM', 'EXDEV')) return text('403 Forbidden\n', 403)
    throw error
  }
}

function moved(location: string): NodeResponse {
  return { ...text('', 301), location }
}

type Entries = Extract<Awaited<ReturnType<Files['lookWithin']>>, { kind: 'directory' }>['entries']

function listing(entries: Entries): NodeResponse {
  const links = entries
    .map(({ name, kind }) => (kind === 'directory' ? `${name}/` : name))
    .toSorted((a, b) => (a < b ? -1 : 1))
    .map((name) => `<a href="${reference(name)}">${escaped(name)}</a>\n`)
  const body = `<!doctype html>\n<meta name="viewport" content="width=device-width">\n<pre>\n${links.join('')}</pre>\n`
  return { status: 200, contentType: 'text/html; charset=utf-8', body }
}

/** A name as a relative URL; one with a colon would be taken for a scheme (RFC 3986, 4.2). */
function reference(name: string): string {
  const path = name.split('/').map(encodeURIComponent).join('/').replaceAll('%3A', ':')
  return escaped(path.includes(':') ? `./${path}` : path)
}

const ENTITIES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&#34;',
  "'": '&#39;',
}

const escaped = (name: string): string => name.replaceAll(/[&<>"']/g, (character) => ENTITIES[character] ?? '')
