import { pods } from '../../api/core/v1/pod.ts'
import type { Pod as ApiPod } from '../../api/generated/types/core/v1.ts'
import { timestamp, type Frozen } from '../../apimachinery/meta.ts'
import { parseManifests } from '../../client/apply-set/parse.ts'
import type { Env } from '../../lib/env.ts'
import type { Pod } from '../pod/spec.ts'

/** Annotations that tell static pods and their mirrors from others (upstream's pkg/kubelet/types). */
export const STATIC = {
  source: 'kubernetes.io/config.source',
  hash: 'kubernetes.io/config.hash',
  seen: 'kubernetes.io/config.seen',
  mirror: 'kubernetes.io/config.mirror',
} as const

/** Whether a pod comes from a file on this node, and not from the API. */
export function isStatic(pod: Pod): boolean {
  return pod.metadata.annotations?.[STATIC.source] === 'file'
}

/** The uid of the static pod that a pod of the API mirrors; undefined for an ordinary one. */
export function mirroredUid(pod: Pod): string | undefined {
  return pod.metadata.annotations?.[STATIC.mirror]
}

/** The pods of a manifest file, as they run on a node: named after it, with a uid that changes with every change of the file. */
export async function staticPods(text: string, nodeName: string, env: Env): Promise<Pod[]> {
  const found: Pod[] = []
  for (const manifest of parseManifests(text)) {
    if (manifest.kind !== 'Pod') throw new Error(`a ${manifest.kind} is no Pod`)
    found.push(await staticPod(manifest as unknown as ApiPod, nodeName, env))
  }
  return found
}

async function staticPod(manifest: ApiPod, nodeName: string, env: Env): Promise<Pod> {
  const uid = await hash(`${nodeName}\n${JSON.stringify(manifest)}`)
  const { metadata, spec } = manifest
  const pod: ApiPod = {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: {
      ...metadata,
      name: `${metadata.name}-${nodeName}`.toLowerCase(),
      namespace: metadata.namespace ?? 'default',
      uid,
      annotations: {
        ...metadata.annotations,
        [STATIC.hash]: uid,
        [STATIC.seen]: timestamp(env.clock.now()),
        [STATIC.source]: 'file',
      },
    },
    spec: {
      ...spec,
      nodeName,
      // Nothing but its file takes it away.
      tolerations: [...(spec.tolerations ?? []), { effect: 'NoExecute', operator: 'Exists' }],
    },
  }
  const context = { env, user: '', dryRun: false, subresource: '' }
  pods.defaults?.(pod, context)
  const [problem] = pods.validate?.(pod as Frozen<ApiPod>, context) ?? []
  if (problem) throw new Error(`${problem.field}: ${problem.message}`)
  return pod
}

/** 32 hexadecimal digits, as upstream's MD5 of the same has. */
async function hash(text: string): Promise<string> {
  const digest = new Uint8Array(await crypto.subtle.digest('SHA-256', new TextEncoder().encode(text)))
  return Array.from(digest.subarray(0, 16), (byte) => byte.toString(16).padStart(2, '0')).join('')
}
