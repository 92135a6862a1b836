/**
 * What a caller may leave out of a message: everything, at every level. Absent fields have proto3's zero value
 * (the first enum value, 0, '', false, [], {}).
 */
export type Init<T> = T extends Uint8Array
  ? T
  : T extends readonly (infer U)[]
    ? readonly Init<U>[]
    : T extends object
      ? { readonly [K in keyof T]?: Init<T[K]> }
      : T
