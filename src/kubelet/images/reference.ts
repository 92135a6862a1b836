/** The parts of an image's name. */
export interface ImageReference {
  /** With the registry that is meant when none is written: `docker.io`. */
  readonly registry: string
  /** Without the registry: `library/busybox`. */
  readonly repository: string
  readonly tag: string
  readonly digest: string
}

const DOMAIN_PART = '(?:[a-zA-Z0-9]|[a-zA-Z0-9][a-zA-Z0-9-]*[a-zA-Z0-9])'
const DOMAIN = `(?:${DOMAIN_PART}(?:\\.${DOMAIN_PART})*|\\[[a-fA-F0-9:]+\\])(?::[0-9]+)?`
const PATH_PART = '[a-z0-9]+(?:(?:\\.|_|__|-+)[a-z0-9]+)*'
const REFERENCE = new RegExp(
  `^((?:${DOMAIN}/)?${PATH_PART}(?:/${PATH_PART})*)(?::([\\w][\\w.-]{0,127}))?(?:@([A-Za-z][A-Za-z0-9]*(?:[-_+.][A-Za-z][A-Za-z0-9]*)*:[0-9a-fA-F]{32,}))?$`,
)
const MAX_NAME = 255

/** Takes an image's name apart (distribution's reference grammar); undefined when it is none. */
export function parseImage(image: string): ImageReference | undefined {
  const [, name = '', tag = '', digest = ''] = REFERENCE.exec(image) ?? []
  if (name === '' || name.length > MAX_NAME || /^[a-f0-9]{64}$/.test(image)) return undefined
  const slash = name.indexOf('/')
  const first = slash < 0 ? '' : name.slice(0, slash)
  const hasRegistry = /[.:]/.test(first) || first === 'localhost' || first.toLowerCase() !== first
  const registry = hasRegistry ? first : 'docker.io'
  const rest = hasRegistry ? name.slice(slash + 1) : name
  if (!new RegExp(`^${PATH_PART}(?:/${PATH_PART})*$`).test(rest)) return undefined
  const repository = registry === 'docker.io' && !rest.includes('/') ? `library/${rest}` : rest
  return { registry, repository, tag: tag || (digest ? '' : 'latest'), digest }
}

/** The name with `:latest` where it has neither tag nor digest, otherwise as written. Throws, in upstream's words, when it is none. */
export function withDefaultTag(image: string): string {
  const parsed = parseImage(image)
  if (!parsed) throw new Error(`couldn't parse image name ${JSON.stringify(image)}: ${problemOf(image)}`)
  return parsed.digest === '' && !image.endsWith(`:${parsed.tag}`) ? `${image}:${parsed.tag}` : image
}

function problemOf(image: string): string {
  if (image === '') return 'repository name must have at least one component'
  if (/[A-Z]/.test(image) && parseImage(image.toLowerCase()))
    return 'invalid reference format: repository name must be lowercase'
  return 'invalid reference format'
}
