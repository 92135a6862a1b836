import { admissionForbidden } from '../forbidden.ts'
import type { AdmissionAttributes, AdmissionPlugin } from '../types.ts'

/** Says no to every write, before all other plugins have been heard (upstream's AlwaysDeny, deprecated). */
export const alwaysDeny: AdmissionPlugin = { name: 'AlwaysDeny', handles: () => true, mutate: deny, validate: deny }

function deny(attributes: AdmissionAttributes): never {
  throw admissionForbidden(attributes, 'admission control is denying all modifications')
}
