/** The attributes that hold addresses, by element (HTML 4.01 and 5). */
const LINKS: Readonly<Record<string, readonly string[]>> = {
  a: ['href'],
  applet: ['codebase'],
  area: ['href'],
  audio: ['src'],
  base: ['href'],
  blockquote: ['cite'],
  body: ['background'],
  button: ['formaction'],
  command: ['icon'],
  del: ['cite'],
  embed: ['src'],
  form: ['action'],
  frame: ['longdesc', 'src'],
  head: ['profile'],
  html: ['manifest'],
  iframe: ['longdesc', 'src'],
  img: ['longdesc', 'src', 'usemap'],
  input: ['src', 'usemap', 'formaction'],
  ins: ['cite'],
  link: ['href'],
  object: ['classid', 'codebase', 'data', 'usemap'],
  q: ['cite'],
  script: ['src'],
  source: ['src'],
  video: ['poster', 'src'],
}

const TAG = /<([a-z]+)(\s[^<>]*)>/gi
const ATTRIBUTE = /(\s)([a-z]+)(\s*=\s*)("[^"]*"|'[^']*'|[^\s"'>]+)/gi

/**
 * Makes the links of a page work that is seen through a proxy: those that start at the page's own root get the proxy's path in front
 * (upstream's proxy.Transport). Relative links and those to other hosts stay.
 */
export function rewriteLinks(html: string, prefix: string, host: string): string {
  return html.replace(TAG, (tag, name: string, attributes: string) => {
    const links = LINKS[name.toLowerCase()]
    if (!links) return tag
    const rewritten = attributes.replace(
      ATTRIBUTE,
      (whole, space: string, attribute: string, equals: string, value: string) => {
        if (!links.includes(attribute.toLowerCase())) return whole
        const quote = /^["']/.exec(value)?.[0] ?? ''
        const address = quote ? value.slice(1, -1) : value
        return `${space}${attribute}${equals}${quote}${rewriteAddress(address, prefix, host)}${quote}`
      },
    )
    return `<${name}${rewritten}>`
  })
}

/** One address, in a link or a Location header. */
export function rewriteAddress(address: string, prefix: string, host: string): string {
  const own = new RegExp(`^(?:https?:)?//${host.replace(/[.[\]]/g, '\\$&')}(?=[/?#]|$)`, 'i')
  const path = address.replace(own, '') || '/'
  const isOwn = own.test(address) || (path.startsWith('/') && !path.startsWith('//'))
  return !isOwn || address === '' || path.startsWith(prefix) ? address : `${prefix}${path}`
}
