import { EXIT, UserError } from '../user-error.ts'

const HOST = /^(localhost|[a-z0-9.-]+\.[a-z0-9.-]+|[a-z0-9.-]+:\d+)$/i
const PATH = /^[a-z0-9]+(([._]|__|-+)[a-z0-9]+)*(\/[a-z0-9]+(([._]|__|-+)[a-z0-9]+)*)*$/
const TAG = /^[\w][\w.-]{0,127}$/

/**
 * The full name of an image the way container runtimes keep it: `web` is `docker.io/library/web:latest`. Names with a
 * registry's host (`localhost/web`, `registry:5000/web:2`) only get the tag. Refuses what could not be a name.
 */
export function normalizeImageName(name: string): string {
  const tagAt = name.lastIndexOf(':')
  const tagged = tagAt > name.lastIndexOf('/')
  const repository = tagged ? name.slice(0, tagAt) : name
  const tag = tagged ? name.slice(tagAt + 1) : 'latest'
  const [first = '', ...rest] = repository.split('/')
  const host = rest.length > 0 && HOST.test(first) ? first : undefined
  const path = host === undefined ? repository : rest.join('/')
  if (!PATH.test(path) || !TAG.test(tag)) {
    throw new UserError(`"${name}" cannot name an image`, {
      hints: ['use lower-case letters, digits and dashes, with a tag if you like, such as web:1'],
      exitCode: EXIT.usage,
    })
  }
  if (host !== undefined && host !== 'docker.io') return `${host}/${path}:${tag}`
  return `docker.io/${path.includes('/') ? path : `library/${path}`}:${tag}`
}
