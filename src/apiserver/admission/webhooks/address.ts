import type { WebhookClientConfig } from '../../../api/generated/types/admissionregistration/v1.ts'
import type { Frozen } from '../../../apimachinery/meta.ts'

/**
 * Where a webhook is asked, as messages have it: a Service by its name in the cluster, whatever endpoint is asked. Paths are as
 * kube-apiserver's client joins them: without empty parts, `.` and `..`, nor a slash at the end. Throws an Error for neither of both.
 */
export function addressOf({ url, service }: Frozen<WebhookClientConfig>): string {
  if (service) {
    const { name, namespace, port = 443, path = '' } = service
    return `https://${name}.${namespace}.svc:${port}${joined(path)}`
  }
  if (!url) throw new Error('could not get REST client: webhook configuration must have either service or URL')
  const [, origin = url, path = ''] = /^([^/]+:\/\/[^/]+)(.*)$/.exec(url) ?? []
  return origin + joined(path)
}

/** Go's path.Join of the path's own text, escaped again. */
function joined(path: string): string {
  const parts: string[] = []
  for (const part of unescaped(path).split('/')) {
    if (part === '..') parts.pop()
    else if (part !== '' && part !== '.') parts.push(part)
  }
  return `/${escaped(parts.join('/'))}`
}

function unescaped(path: string): string {
  try {
    return decodeURIComponent(path)
  } catch {
    // Bytes that are no text stay as they are written.
    return path
  }
}

/** As Go escapes a path: a few characters more than encodeURI. */
function escaped(path: string): string {
  if (/^[\w\-.~$&+,/:;=@]*$/.test(path)) return path
  return encodeURI(path.toWellFormed()).replace(/[?#!*'()]/g, (c) => `%${c.charCodeAt(0).toString(16).toUpperCase()}`)
}
