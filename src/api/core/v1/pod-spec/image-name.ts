/**
 * The tag of an image reference; `latest` when it has neither tag nor digest (upstream's parsers.ParseImageName).
 * Undefined when the reference has a digest and no tag.
 */
export function imageTag(image: string): string | undefined {
  const at = image.indexOf('@')
  const named = at < 0 ? image : image.slice(0, at)
  const colon = named.lastIndexOf(':')
  if (colon > named.lastIndexOf('/')) return named.slice(colon + 1)
  return at < 0 ? 'latest' : undefined
}

/** `Always` for the tag `latest`, else `IfNotPresent`. */
export function defaultPullPolicy(image: string | undefined): 'Always' | 'IfNotPresent' {
  return imageTag(image ?? '') === 'latest' && isReference(image ?? '') ? 'Always' : 'IfNotPresent'
}

const HOST_PART = '(?:[a-zA-Z0-9]|[a-zA-Z0-9][a-zA-Z0-9-]*[a-zA-Z0-9])'
const HOST = `(?:${HOST_PART}(?:\\.${HOST_PART})*|\\[[a-fA-F0-9:]+\\])(?::[0-9]+)?`
const PATH_PART = '[a-z0-9]+(?:(?:[._]|__|[-]+)[a-z0-9]+)*'
const REFERENCE = new RegExp(
  `^(?:${HOST}/)?${PATH_PART}(?:/${PATH_PART})*(?::[\\w][\\w.-]{0,127})?(?:@[A-Za-z][\\w+.-]*:[0-9a-fA-F]{32,})?$`,
)

/** Whether a text names an image at all. */
const isReference = (image: string): boolean => REFERENCE.test(image) && repositoryLength(image) <= MAX_REPOSITORY

/** As the registry protocol has it, with the domain and namespace that a short name stands for. */
const MAX_REPOSITORY = 255

function repositoryLength(image: string): number {
  const name = image.replace(/@.*$/, '').replace(/:[^/]*$/, '')
  if (!name.includes('/')) return `docker.io/library/${name}`.length
  const host = name.slice(0, name.indexOf('/'))
  return /[.:]|^localhost$/.test(host) ? name.length : `docker.io/${name}`.length
}
