/**
 * Which of upstream's API packages are generated, and which group versions Kubernetes 1.36 serves unless told
 * otherwise.
 *
 * Source of `served`: kubernetes pkg/controlplane/instance.go enables every stable version and, since KEP-3136, no beta but those of
 * legacyBetaEnabledByDefaultResources, the last of which (flowcontrol v1beta3) 1.32 removed; alphas are off. The versions that exist at all in 1.36 are
 * those of its api/openapi-spec/swagger.json. apiextensions-apiserver and kube-aggregator serve their v1.
 */
export interface PackageEntry {
  /** The Go import path. */
  readonly path: string
  /** Upstream's folder, which is the folder of what is generated. */
  readonly folder: string
  readonly version: string
  /** Absent for packages whose kinds are not served as resources (admission reviews, discovery documents, meta). */
  readonly served?: boolean
}

const api = (folder: string, version: string, served?: boolean): PackageEntry => ({
  path: `k8s.io/api/${folder}/${version}`,
  folder,
  version,
  ...(served !== undefined && { served }),
})

/** Meta comes first: everything else refers to it. */
export const PACKAGES: readonly PackageEntry[] = [
  { path: 'k8s.io/apimachinery/pkg/apis/meta/v1', folder: 'meta', version: 'v1' },
  { path: 'k8s.io/apimachinery/pkg/version', folder: 'version', version: 'v1' },
  api('core', 'v1', true),
  api('admission', 'v1'),
  api('admissionregistration', 'v1', true),
  api('admissionregistration', 'v1beta1', false),
  api('admissionregistration', 'v1alpha1', false),
  {
    path: 'k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1',
    folder: 'apiextensions',
    version: 'v1',
    served: true,
  },
  {
    path: 'k8s.io/kube-aggregator/pkg/apis/apiregistration/v1',
    folder: 'apiregistration',
    version: 'v1',
    served: true,
  },
  api('apidiscovery', 'v2'),
  api('apidiscovery', 'v2beta1'),
  api('apiserverinternal', 'v1alpha1', false),
  api('apps', 'v1', true),
  api('authentication', 'v1', true),
  api('authorization', 'v1', true),
  api('autoscaling', 'v1', true),
  api('autoscaling', 'v2', true),
  api('batch', 'v1', true),
  api('certificates', 'v1', true),
  api('certificates', 'v1beta1', false),
  api('certificates', 'v1alpha1', false),
  api('coordination', 'v1', true),
  api('coordination', 'v1beta1', false),
  api('coordination', 'v1alpha2', false),
  api('discovery', 'v1', true),
  api('events', 'v1', true),
  api('flowcontrol', 'v1', true),
  api('flowcontrol', 'v1beta3', false),
  api('imagepolicy', 'v1alpha1'),
  api('networking', 'v1', true),
  api('networking', 'v1beta1', false),
  api('node', 'v1', true),
  api('policy', 'v1', true),
  api('rbac', 'v1', true),
  api('resource', 'v1', true),
  api('resource', 'v1beta2', false),
  api('resource', 'v1beta1', false),
  api('resource', 'v1alpha3', false),
  api('scheduling', 'v1', true),
  api('scheduling', 'v1alpha2', false),
  api('storage', 'v1', true),
  api('storage', 'v1beta1', false),
  api('storage', 'v1alpha1', false),
  api('storagemigration', 'v1beta1', false),
]
