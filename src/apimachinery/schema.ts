/**
 * The one model of an object's shape, for built-in kinds (generated from upstream's API packages) and for
 * custom resources (compiled from their CRD) alike. Decoding, pruning, field validation, patch, apply,
 * protobuf and OpenAPI are all driven by it.
 *
 * Struct types are shared and may be recursive, so a reference to one is the StructSchema itself and
 * a walk must follow the value, not the schema.
 */
export type Schema = StructSchema | MapSchema | ListSchema | ScalarSchema

export interface StructSchema {
  readonly kind: 'struct'
  /** Upstream's OpenAPI model name, such as `io.k8s.api.core.v1.Pod`; empty for an anonymous one of a CRD. */
  readonly name: string
  /** In upstream's declaration order, by JSON name. An inlined (embedded) struct's fields stand here flattened. */
  readonly fields: ReadonlyMap<string, FieldSchema>
  /** `atomic`: the struct is replaced and owned as a whole by apply. Default granular. */
  readonly mapType?: 'granular' | 'atomic'
  /** Fields outside `fields` are kept (x-kubernetes-preserve-unknown-fields). */
  readonly preserveUnknown?: boolean
  /** x-kubernetes-embedded-resource: apiVersion, kind and metadata are implied and handled. */
  readonly embeddedResource?: boolean
  /** Present when the Go type has `+union` members; facts only, interpreted by validation. */
  readonly unions?: readonly { readonly discriminator?: string; readonly fields: readonly string[] }[]
  /** Upstream's declarative validation markers on the type, as they stand (`+k8s:supportsSubresource="/status"`). */
  readonly validations?: readonly string[]
}

export interface FieldSchema {
  readonly name: string
  readonly schema: Schema
  /** The protobuf field number; absent for what has no protobuf (custom resources, apiVersion and kind). */
  readonly number?: number
  readonly required?: boolean
  /**
   * True when Go writes the field even when it is empty: it has no omitempty, or is a struct held by value. What it
   * writes is the zero of its type: `""`, `0`, `false`, `{}`, `"0"` for a quantity, `null` for lists, maps, times and
   * whatever is a pointer.
   */
  readonly alwaysWritten?: boolean
  /** True when the Go field is a pointer (presence is significant even for the zero value). */
  readonly pointer?: boolean
  /** An explicit `+default`, as a JSON value. OpenAPI also publishes the zero value of fields that are always written. */
  readonly default?: unknown
  readonly nullable?: boolean
  readonly patchStrategy?: readonly ('merge' | 'replace' | 'retainKeys')[]
  readonly patchMergeKey?: string
  /**
   * For a field of an inlined struct, which is flat in JSON but a message of its own in protobuf: the field numbers from the outermost message down to the
   * field, the last of which is `number`. Volume.hostPath has [2, 1].
   */
  readonly protoPath?: readonly number[]
  /** For a field of an inlined struct: the Go names of the structs it is inlined by, from the outermost. `VolumeSource` for Volume.hostPath. */
  readonly inlinedBy?: readonly string[]
  /** Upstream's declarative validation markers, as they stand (`+k8s:maxItems=32`, `+k8s:alpha(since: "1.36")=+k8s:required`). */
  readonly validations?: readonly string[]
}

export interface MapSchema {
  readonly kind: 'map'
  readonly values: Schema
  /** See ScalarSchema. */
  readonly goType?: string
  readonly mapType?: 'granular' | 'atomic'
}

export interface ListSchema {
  readonly kind: 'list'
  readonly items: Schema
  /** Absent means atomic, as upstream. */
  readonly listType?: 'atomic' | 'set' | 'map'
  readonly listMapKeys?: readonly string[]
  /** In protobuf the list is a message of its own, with the items in field 1 (metav1.Verbs, ExtraValue), so that null and empty differ. */
  readonly wrapped?: boolean
  /** See ScalarSchema. */
  readonly goType?: string
}

export interface ScalarSchema {
  readonly kind:
    | 'string'
    | 'boolean'
    | 'int32'
    | 'int64'
    | 'double'
    /** base64 in JSON, raw in protobuf. */
    | 'bytes'
    /** metav1.Time: RFC 3339 in seconds. */
    | 'time'
    /** metav1.MicroTime: RFC 3339 with six decimals. */
    | 'microTime'
    /** metav1.Duration: Go's duration string in JSON, int64 nanoseconds in protobuf. */
    | 'duration'
    | 'quantity'
    | 'intOrString'
    /** runtime.RawExtension: any JSON object, kept as it is. */
    | 'rawExtension'
    /** metav1.FieldsV1: any JSON object. */
    | 'fieldsV1'
    /** apiextensions JSON: any JSON value at all. */
    | 'any'
    /** apiextensions JSONSchemaPropsOrArray, OrBool, OrStringArray. */
    | 'schemaOrArray'
    | 'schemaOrBool'
    | 'schemaOrStrings'
  readonly enum?: readonly string[]
  /** What Go names the type in the errors of its decoder (`v1.RestartPolicy`), where that does not follow from the rest. */
  readonly goType?: string
}
