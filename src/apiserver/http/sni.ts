/** A certificate for some names, in PEM. */
export interface NamedPair {
  readonly cert: string
  readonly key: string
  /** Names with, perhaps, a star for their first part. */
  readonly names: readonly string[]
  /** Whether the names were told, and not read from the certificate: those win. */
  readonly told: boolean
}

/**
 * Which certificate a client is shown that asks for a name: names themselves before stars, names that were told before those that certificates
 * have, the first of equals (upstream's --tls-sni-cert-key). Undefined: the default one.
 */
export function pairFor(pairs: readonly NamedPair[], asked: string): NamedPair | undefined {
  const name = asked.toLowerCase().replace(/\.$/, '')
  const star = name.replace(/^[^.]+/, '*')
  const having = (wanted: string, told: boolean): NamedPair | undefined =>
    pairs.find((pair) => pair.told === told && pair.names.some((one) => one.toLowerCase() === wanted))
  return having(name, true) ?? having(name, false) ?? having(star, true) ?? having(star, false)
}
