import type { Frozen } from '../../../../apimachinery/meta.ts'
import { goQuote } from '../../../../lib/quote.ts'
import type { PodSpec, ProjectedVolumeSource, VolumeProjection } from '../../../generated/types/core/v1.ts'

interface Placed {
  readonly path: string
  /** What puts a file there, where a volume has several sources. */
  readonly source: string
}

/** Files of one volume that would overwrite or hide each other (warningsForOverlappingVirtualPaths). */
export function* overlapWarnings({ volumes = [] }: Frozen<PodSpec>): Iterable<string> {
  for (const { name, configMap, secret, downwardAPI, projected } of volumes) {
    const one = (what: string, files: readonly { readonly path: string }[] | undefined): Iterable<string> =>
      overlaps(`volume ${goQuote(name)} (${what})`, placed('', files))
    if (configMap) yield* one(`ConfigMap ${goQuote(configMap.name ?? '')}`, configMap.items)
    if (secret) yield* one(`Secret ${goQuote(secret.secretName ?? '')}`, secret.items)
    if (downwardAPI) yield* one('DownwardAPI', downwardAPI.items)
    if (projected) yield* projectedWarnings(projected, `volume ${goQuote(name)} (Projected)`)
  }
}

function* projectedWarnings({ sources }: Frozen<ProjectedVolumeSource>, what: string): Iterable<string> {
  const all: Placed[] = []
  for (const source of sources ?? []) {
    if (Object.keys(source).length === 0) yield `${what} has no sources provided`
    for (const one of filesOf(source)) {
      yield* overlapsWith(what, one, all)
      all.push(one)
    }
  }
}

function filesOf({
  configMap,
  secret,
  downwardAPI,
  serviceAccountToken,
  clusterTrustBundle,
  podCertificate,
}: Frozen<VolumeProjection>): Placed[] {
  if (configMap?.items) return placed(`ConfigMap ${goQuote(configMap.name ?? '')}`, configMap.items)
  if (secret?.items) return placed(`Secret ${goQuote(secret.name ?? '')}`, secret.items)
  if (downwardAPI?.items) return placed('DownwardAPI', downwardAPI.items)
  if (serviceAccountToken) return placed('ServiceAccountToken', [serviceAccountToken])
  if (clusterTrustBundle) {
    const name = clusterTrustBundle.name ?? clusterTrustBundle.signerName ?? ''
    return placed(`ClusterTrustBundle ${goQuote(name)}`, [clusterTrustBundle])
  }
  const { certificateChainPath: chain, keyPath: key, credentialBundlePath: bundle } = podCertificate ?? {}
  return [
    ...(chain ? placed('PodCertificate chain', [{ path: chain }]) : []),
    ...(key ? placed('PodCertificate key', [{ path: key }]) : []),
    ...(bundle ? placed('PodCertificate credential bundle', [{ path: bundle }]) : []),
  ]
}

const placed = (source: string, files: readonly { readonly path: string }[] = []): Placed[] =>
  files.map(({ path }) => ({ path: path.replace(/\/+$/, ''), source }))

function* overlaps(what: string, files: readonly Placed[]): Iterable<string> {
  for (const [index, one] of files.entries()) yield* overlapsWith(what, one, files.slice(0, index))
}

function* overlapsWith(what: string, one: Placed, before: readonly Placed[]): Iterable<string> {
  for (const other of before) {
    if (!one.path || !other.path) continue
    const [a, b] = [`${one.path}/`, `${other.path}/`]
    if (a.startsWith(b) || b.startsWith(a)) yield `${what}: overlapping paths: ${shown(one)} with ${shown(other)}`
  }
}

const shown = ({ path, source }: Placed): string => (source ? `${goQuote(path)} (${source})` : goQuote(path))
