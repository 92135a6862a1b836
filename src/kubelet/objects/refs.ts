import { allContainers, type Pod } from '../pod/spec.ts'
import type { ObjectRef } from './objects.ts'

/** The ConfigMaps and Secrets that a pod's spec names, each once. */
export function refsOf(pod: Pod): readonly ObjectRef[] {
  const refs = new Map<string, ObjectRef>()
  const add = (kind: ObjectRef['kind'], name: string | undefined): void => {
    if (name) refs.set(`${kind}/${name}`, { kind, name })
  }
  for (const { name } of pod.spec.imagePullSecrets ?? []) add('Secret', name)
  for (const { configMap, secret, projected } of pod.spec.volumes ?? []) {
    add('ConfigMap', configMap?.name)
    add('Secret', secret?.secretName)
    for (const source of projected?.sources ?? []) {
      add('ConfigMap', source.configMap?.name)
      add('Secret', source.secret?.name)
    }
  }
  for (const { container } of allContainers(pod)) {
    for (const { configMapRef, secretRef } of container.envFrom ?? []) {
      add('ConfigMap', configMapRef?.name)
      add('Secret', secretRef?.name)
    }
    for (const { valueFrom } of container.env ?? []) {
      add('ConfigMap', valueFrom?.configMapKeyRef?.name)
      add('Secret', valueFrom?.secretKeyRef?.name)
    }
  }
  return [...refs.values()]
}
