/** TypeScript's side of Go types with an encoding of their own. */
export const SCALARS_MODULE = `
/** resource.Quantity: \`100m\`, \`1Gi\`, or a plain number. */
export type Quantity = string | number

/** intstr.IntOrString: \`80\` or \`http\`, \`1\` or \`25%\`. */
export type IntOrString = number | string

/** runtime.RawExtension: any JSON object. */
export type RawExtension = Record<string, unknown>
`
