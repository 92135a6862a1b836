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
  return imageTag(image ?? '') === 'latest' ? 'Always' : 'IfNotPresent'
}
