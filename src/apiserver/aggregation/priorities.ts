/** Upstream's order of the groups that every server has: the higher, the earlier clients that only know a name find it there. */
const GROUPS: Readonly<Record<string, number>> = {
  '': 18_000,
  apps: 17_800,
  'events.k8s.io': 17_750,
  'authentication.k8s.io': 17_700,
  'authorization.k8s.io': 17_600,
  autoscaling: 17_500,
  batch: 17_400,
  'certificates.k8s.io': 17_300,
  'networking.k8s.io': 17_200,
  policy: 17_100,
  'rbac.authorization.k8s.io': 17_000,
  'storage.k8s.io': 16_800,
  'admissionregistration.k8s.io': 16_700,
  'apiextensions.k8s.io': 16_700,
  'scheduling.k8s.io': 16_600,
  'coordination.k8s.io': 16_500,
  'node.k8s.io': 16_300,
  'discovery.k8s.io': 16_200,
  'resource.k8s.io': 16_200,
  'flowcontrol.apiserver.k8s.io': 16_100,
  'internal.apiserver.k8s.io': 16_000,
  'storagemigration.k8s.io': 15_800,
}

/** Versions whose place in their group is not the usual one. */
const VERSIONS: Readonly<Record<string, number>> = {
  'v1.': 1,
  'v2.autoscaling': 30,
  'v1.flowcontrol.apiserver.k8s.io': 21,
  'v1.resource.k8s.io': 21,
}

const STABLE = 15
const BETA = 9
const ALPHA = 1

/** Where a built-in group and version stands. */
export function builtInPriority(group: string, version: string): { readonly group: number; readonly version: number } {
  const usual = version.includes('alpha') ? ALPHA : version.includes('beta') ? BETA : STABLE
  return { group: GROUPS[group] ?? 15_000, version: VERSIONS[`${version}.${group}`] ?? usual }
}

/** Where custom resources stand: after all that is built in. */
export const CUSTOM_PRIORITY = { group: 1000, version: 100 }
