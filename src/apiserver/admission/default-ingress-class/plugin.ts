import type { Ingress } from '../../../api/generated/types/networking/v1.ts'
import { ingressClasses } from '../../../api/networking/v1/ingressclass.ts'
import { resourceName } from '../forbidden.ts'
import { newest } from '../newest.ts'
import type { AdmissionSources } from '../sources.ts'
import type { AdmissionPlugin } from '../types.ts'

const IS_DEFAULT = 'ingressclass.kubernetes.io/is-default-class'
const LEGACY_CLASS = 'kubernetes.io/ingress.class'

/** An Ingress that names no class gets the default one (upstream's DefaultIngressClass). */
export function defaultIngressClass({ mirrors }: AdmissionSources): AdmissionPlugin {
  const mirror = mirrors.of(ingressClasses)
  return {
    name: 'DefaultIngressClass',
    handles: (operation) => operation === 'CREATE',
    mutate(attributes) {
      if (resourceName(attributes) !== 'ingresses.networking.k8s.io' || attributes.subresource !== '') return
      const ingress = attributes.object as Ingress
      if (ingress.spec?.ingressClassName !== undefined) return
      if (ingress.metadata.annotations?.[LEGACY_CLASS] !== undefined) return
      const defaults = [...mirror.all()].filter(({ metadata }) => metadata.annotations?.[IS_DEFAULT] === 'true')
      const name = newest(defaults)?.metadata.name
      if (name !== undefined) (ingress.spec ??= {}).ingressClassName = name
    },
  }
}
