/** What upstream's API packages say of a group and version. */
export interface GroupVersionFacts {
  readonly group: string
  readonly version: string
  /** Upstream's folder, such as `rbac` for rbac.authorization.k8s.io. */
  readonly folder: string
  /** What OpenAPI model names of the package begin with. */
  readonly model: string
  /** Whether 1.36 serves it unless told otherwise; absent for groups that are never served as resources. */
  readonly served?: boolean
}

/** What upstream's API packages say of a kind, for checking the ResourceDefinitions against. */
export interface KindFacts {
  readonly group: string
  readonly version: string
  readonly kind: string
  /** The OpenAPI model name. */
  readonly schema: string
  /** The kind of its list. */
  readonly list?: string
  /** The resource's name, for kinds that are one (upstream's `+genclient`). */
  readonly plural?: string
  readonly scope?: 'Namespaced' | 'Cluster'
  /** Clients have updateStatus. */
  readonly status?: boolean
  /** The verbs that clients have, when not all of them. */
  readonly onlyVerbs?: readonly string[]
  readonly skipVerbs?: readonly string[]
  /** Methods on subresources; `input` and `result` default to the kind, and are written `autoscaling/v1.Scale` for another. */
  readonly methods?: readonly {
    readonly verb: string
    readonly subresource: string
    readonly input?: string
    readonly result?: string
  }[]
  /** The releases in which the version appeared, was deprecated, is no longer served: `1.33`. */
  readonly introduced?: string
  readonly deprecated?: string
  readonly removed?: string
  /** `group,version,kind`. */
  readonly replacement?: string
}
