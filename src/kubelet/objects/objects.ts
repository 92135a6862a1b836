import type { Frozen } from '../../apimachinery/meta.ts'
import type {
  ConfigMap,
  PersistentVolume,
  PersistentVolumeClaim,
  Secret,
  Service,
} from '../../api/generated/types/core/v1.ts'
import type { RuntimeClass } from '../../api/generated/types/node/v1.ts'

/** An object that a pod refers to by name, in the pod's own namespace. */
export interface ObjectRef {
  readonly kind: 'ConfigMap' | 'Secret'
  readonly name: string
}

/**
 * The API objects that pods refer to. ConfigMaps and Secrets are watched one by one for as long as a pod here refers to them
 * (a node may read no others); a change wakes the pods.
 */
export interface ReferencedObjects {
  /** Keeps exactly these at hand for a pod; none lets go of all. Idempotent. */
  retain(uid: string, namespace: string, refs: readonly ObjectRef[]): void
  /** Resolves to undefined when there is none of that name. Rejects when the API cannot be asked. The pod must have retained it. */
  configMap(namespace: string, name: string): Promise<Frozen<ConfigMap> | undefined>
  secret(namespace: string, name: string): Promise<Frozen<Secret> | undefined>
  /** Asked for anew each time. */
  claim(namespace: string, name: string): Promise<Frozen<PersistentVolumeClaim> | undefined>
  persistentVolume(name: string): Promise<Frozen<PersistentVolume> | undefined>
  runtimeClass(name: string): Promise<Frozen<RuntimeClass> | undefined>
  /** All Services. Resolves when they are known. */
  services(): Promise<readonly Frozen<Service>[]>
}
