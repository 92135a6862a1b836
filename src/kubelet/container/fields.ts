import type { Pod } from '../pod/spec.ts'

/** Where a pod runs, for downward fields. */
export interface PodAddresses {
  readonly podIPs: readonly string[]
  readonly hostIPs: readonly string[]
}

/**
 * The value of a field as the downward API gives it: `metadata.name`, `metadata.labels['app']`, `status.podIP` … (upstream's
 * fieldpath.ExtractFieldPathAsString and podFieldSelectorRuntimeValue). Throws for what isn't supported.
 */
export function fieldValue(pod: Pod, path: string, { podIPs, hostIPs }: PodAddresses): string {
  const keyed = /^metadata\.(labels|annotations)\['(.*)'\]$/.exec(path)
  if (keyed) return pod.metadata[keyed[1] === 'labels' ? 'labels' : 'annotations']?.[keyed[2] ?? ''] ?? ''
  switch (path) {
    case 'metadata.name':
      return pod.metadata.name ?? ''
    case 'metadata.namespace':
      return pod.metadata.namespace ?? ''
    case 'metadata.uid':
      return pod.metadata.uid ?? ''
    case 'metadata.labels':
      return formatMap(pod.metadata.labels ?? {})
    case 'metadata.annotations':
      return formatMap(pod.metadata.annotations ?? {})
    case 'spec.nodeName':
      return pod.spec.nodeName ?? ''
    case 'spec.serviceAccountName':
      return pod.spec.serviceAccountName ?? ''
    case 'status.hostIP':
      return hostIPs[0] ?? ''
    case 'status.hostIPs':
      return hostIPs.join(',')
    case 'status.podIP':
      return podIPs[0] ?? ''
    case 'status.podIPs':
      return podIPs.join(',')
    default:
      throw new Error(`unsupported fieldPath: ${path}`)
  }
}

/** `key="value"` lines in the order of the keys, as files of labels and annotations are written. */
function formatMap(map: Readonly<Record<string, string>>): string {
  return Object.keys(map)
    .sort()
    .map((key) => `${key}=${JSON.stringify(map[key])}`)
    .join('\n')
}
