import { namespaces } from '../../../api/core/v1/namespace.ts'
import type { Namespace, Pod } from '../../../api/generated/types/core/v1.ts'
import type { Frozen } from '../../../apimachinery/meta.ts'
import { forbidden, internalError } from '../../../apimachinery/status.ts'
import { getOwn } from '../../../lib/own.ts'
import { bareError } from '../../registry/revision.ts'
import { isPodWrite } from '../pods.ts'
import type { AdmissionSources } from '../sources.ts'
import type { AdmissionAttributes, AdmissionPlugin } from '../types.ts'
import { conflict, isWithin, labelsOfSelector } from './selector.ts'

/** Node selectors as `a=b,c=d`: what the pods of a namespace may ask for, by its name; `clusterDefaultNodeSelector` is what those get whose namespace has none. */
export type NodeSelectors = Readonly<Record<string, string>>

const ANNOTATION = 'scheduler.alpha.kubernetes.io/node-selector'
const DEFAULT = 'clusterDefaultNodeSelector'

/** Pods run on the nodes of their namespace alone (upstream's PodNodeSelector). */
export function podNodeSelector({ mirrors }: AdmissionSources, selectors: NodeSelectors): AdmissionPlugin {
  const mirror = mirrors.of(namespaces)
  const wanted = async ({ namespace: name }: AdmissionAttributes): Promise<Readonly<Record<string, string>>> => {
    const namespace = mirror.get(name) ?? (await mirror.live(name))
    if (!namespace) throw internalError(new Error(`namespace ${name} does not exist`))
    return labelsOrBareError(selectorOf(namespace, selectors))
  }
  const check = (attributes: AdmissionAttributes, ofNamespace: Readonly<Record<string, string>>): void => {
    const { spec, metadata } = attributes.object as Pod
    const refuse = (why: string): Error => forbidden({ group: '', resource: 'pods' }, metadata.name ?? '', why)
    const asked = spec.nodeSelector ?? {}
    if (conflict(ofNamespace, asked))
      throw refuse('pod node label selector conflicts with its namespace node label selector')
    const allowed = labelsOrBareError(getOwn(selectors, attributes.namespace) ?? '')
    if (!isWithin(asked, allowed)) throw refuse('pod node label selector labels conflict with its namespace whitelist')
  }
  return {
    name: 'PodNodeSelector',
    handles: (operation) => operation === 'CREATE',
    async mutate(attributes) {
      if (!isPodWrite(attributes)) return
      const labels = await wanted(attributes)
      const { spec } = attributes.object as Pod
      const merged = { ...labels, ...spec.nodeSelector }
      if (!conflict(labels, spec.nodeSelector ?? {}) && Object.keys(merged).length > 0) spec.nodeSelector = merged
      check(attributes, labels)
    },
    async validate(attributes) {
      if (isPodWrite(attributes)) check(attributes, await wanted(attributes))
    },
  }
}

function selectorOf({ metadata }: Frozen<Namespace>, selectors: NodeSelectors): string {
  return metadata.annotations?.[ANNOTATION] ?? getOwn(selectors, DEFAULT) ?? ''
}

function labelsOrBareError(selector: string): Readonly<Record<string, string>> {
  try {
    return labelsOfSelector(selector)
  } catch (error) {
    throw bareError(error instanceof Error ? error.message : String(error))
  }
}
