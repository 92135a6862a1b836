import type { AdmissionPlugin } from '../types.ts'

/** Says yes to everything: the others decide (upstream's AlwaysAdmit, deprecated). */
export const alwaysAdmit: AdmissionPlugin = { name: 'AlwaysAdmit', handles: () => false }
