import type { PodTemplateSpec } from '../../../api/generated/types/core/v1.ts'
import type { Frozen, KubeObject } from '../../../apimachinery/meta.ts'

type Template = Frozen<PodTemplateSpec> | undefined

interface WithSpec {
  readonly spec?: { readonly template?: Template }
}

const ofSpec = ({ spec }: WithSpec): Template => spec?.template

/** Where a controller keeps the template of its pods, by `plural.group`. */
const TEMPLATES: ReadonlyMap<string, (object: never) => Template> = new Map<string, (object: never) => Template>([
  ['podtemplates', ({ template }: { readonly template?: Template }) => template],
  ['replicationcontrollers', ofSpec],
  ['replicasets.apps', ofSpec],
  ['deployments.apps', ofSpec],
  ['statefulsets.apps', ofSpec],
  ['daemonsets.apps', ofSpec],
  ['jobs.batch', ofSpec],
  [
    'cronjobs.batch',
    ({ spec }: { readonly spec?: { readonly jobTemplate?: WithSpec } }) => spec?.jobTemplate?.spec?.template,
  ],
])

export const hasTemplate = (resource: string): boolean => TEMPLATES.has(resource)

/** The template of an object's pods; undefined when it has none. */
export function templateOf(resource: string, object: Frozen<KubeObject> | undefined): Template {
  return TEMPLATES.get(resource)?.(object as never)
}
