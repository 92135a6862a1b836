import {
  BOOL,
  type CelType,
  DYN,
  INT,
  listType,
  mapType,
  STRING,
  type StructDecl,
  structType,
  TIMESTAMP,
} from '../../../apimachinery/cel/index.ts'

function struct(name: string, fields: Readonly<Record<string, CelType>>): StructDecl {
  return { type: structType(name), field: (field) => (Object.hasOwn(fields, field) ? fields[field] : undefined) }
}

const strings = (...names: string[]): Record<string, CelType> => Object.fromEntries(names.map((name) => [name, STRING]))

const TEXTS = listType(STRING)
const LABELS = mapType(STRING, STRING)

const kind = struct('kubernetes.GroupVersionKind', strings('group', 'version', 'kind'))
const resource = struct('kubernetes.GroupVersionResource', strings('group', 'version', 'resource'))
const userInfo = struct('kubernetes.UserInfo', {
  ...strings('username', 'uid'),
  groups: TEXTS,
  extra: mapType(STRING, TEXTS),
})

/** `request`: an AdmissionRequest without uid, object and oldObject. */
export const requestStruct: StructDecl = struct('kubernetes.AdmissionRequest', {
  kind: kind.type,
  resource: resource.type,
  subResource: STRING,
  requestKind: kind.type,
  requestResource: resource.type,
  requestSubResource: STRING,
  ...strings('name', 'namespace', 'operation'),
  userInfo: userInfo.type,
  dryRun: BOOL,
  options: DYN,
})

const namespaceSpec = struct('kubernetes.NamespaceSpec', { finalizers: TEXTS })
const condition = struct('kubernetes.NamespaceCondition', {
  ...strings('status', 'type', 'message', 'reason'),
  lastTransitionTime: TIMESTAMP,
})
const namespaceStatus = struct('kubernetes.NamespaceStatus', { conditions: listType(condition.type), phase: STRING })
const namespaceMetadata = struct('kubernetes.NamespaceMetadata', {
  ...strings('name', 'generateName', 'namespace', 'UID', 'resourceVersion'),
  labels: LABELS,
  annotations: LABELS,
  creationTimestamp: TIMESTAMP,
  deletionGracePeriodSeconds: INT,
  deletionTimestamp: TIMESTAMP,
  generation: INT,
  finalizers: TEXTS,
})

/** `namespaceObject`: a Namespace without what only machines read. */
export const namespaceStruct: StructDecl = struct('kubernetes.Namespace', {
  metadata: namespaceMetadata.type,
  spec: namespaceSpec.type,
  status: namespaceStatus.type,
})

/** All of them. */
export const admissionStructs: readonly StructDecl[] = [
  kind,
  resource,
  userInfo,
  requestStruct,
  namespaceSpec,
  condition,
  namespaceStatus,
  namespaceMetadata,
  namespaceStruct,
]
