/** Whom extension API servers are to trust, as kube-system/extension-apiserver-authentication tells them. CAs are PEM. */
export interface Trust {
  /** Of client certificates. */
  readonly clientCa?: string | undefined
  /** Of front proxies. */
  readonly requestHeaderCa?: string | undefined
  /** What else is believed of front proxies beside this server's own way, by the names of upstream's flags. */
  readonly requestHeaders?: Readonly<Record<string, readonly string[]>> | undefined
}

const NAMES = 'requestheader-allowed-names'

/** The way of this server's own when it passes requests on. */
const OWN: Readonly<Record<string, readonly string[]>> = {
  [NAMES]: ['front-proxy-client'],
  'requestheader-username-headers': ['X-Remote-User'],
  'requestheader-uid-headers': ['X-Remote-Uid'],
  'requestheader-group-headers': ['X-Remote-Group'],
  'requestheader-extra-headers-prefix': ['X-Remote-Extra-'],
}

/** The ConfigMap's data; undefined when there is nothing to tell. */
export function trustData({
  clientCa,
  requestHeaderCa,
  requestHeaders = {},
}: Trust): Record<string, string> | undefined {
  if (clientCa === undefined && requestHeaderCa === undefined) return undefined
  return {
    ...(clientCa !== undefined && { 'client-ca-file': clientCa }),
    ...(requestHeaderCa !== undefined && {
      'requestheader-client-ca-file': requestHeaderCa,
      ...Object.fromEntries(Object.entries(OWN).map(([key, own]) => [key, JSON.stringify(both(key, own))])),
    }),
  }

  function both(key: string, own: readonly string[]): readonly string[] {
    const more = requestHeaders[key]
    // No names: whoever an authority has signed.
    if (key === NAMES && more?.length === 0) return []
    const others = (more ?? []).filter((one) => !own.some((known) => known.toLowerCase() === one.toLowerCase()))
    return [...own, ...others]
  }
}
