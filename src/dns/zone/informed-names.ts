import { namespaces } from '../../api/core/v1/namespace.ts'
import { services } from '../../api/core/v1/service.ts'
import { endpointSlices } from '../../api/discovery/v1/endpointslice.ts'
import type { InformerFactory } from '../../client/index.ts'
import { SERVICE_NAME_LABEL, type Names } from './names.ts'

/** The cluster's names as informers know them. To be called before the informers sync. */
export function informedNames(informers: InformerFactory): Names {
  const serviceInformer = informers.informer(services)
  const sliceInformer = informers.informer(endpointSlices)
  const namespaceInformer = informers.informer(namespaces)
  serviceInformer.addIndex('clusterIP', ({ spec }) =>
    (spec.clusterIPs ?? []).filter((ip) => ip !== 'None' && ip !== ''),
  )
  sliceInformer.addIndex('service', ({ metadata }) => {
    const service = metadata.labels?.[SERVICE_NAME_LABEL]
    return service === undefined ? [] : [`${metadata.namespace}/${service}`]
  })
  sliceInformer.addIndex('address', (slice) => (slice.endpoints ?? []).flatMap(({ addresses }) => [...addresses]))
  return {
    service: (key) => serviceInformer.lister.get(key),
    slicesOf: (service) => sliceInformer.lister.byIndex('service', service),
    hasNamespace: (name) => namespaceInformer.lister.get(name) !== undefined,
    servicesByIP: (ip) => serviceInformer.lister.byIndex('clusterIP', ip),
    slicesByIP: (ip) => sliceInformer.lister.byIndex('address', ip),
  }
}
