/** What must be there for the bases to be valid. */
export const given: readonly (readonly [path: string, body: object])[] = [
  ['/api/v1/namespaces', { metadata: { name: 'default' } }],
  ['/api/v1/namespaces/default/serviceaccounts', { metadata: { name: 'default' } }],
  ['/apis/scheduling.k8s.io/v1/priorityclasses', { metadata: { name: 'high' }, value: 1000 }],
  ['/apis/node.k8s.io/v1/runtimeclasses', { metadata: { name: 'rc' }, handler: 'h' }],
]
