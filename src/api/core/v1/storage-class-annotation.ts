/** Named the class of volumes and claims before `storageClassName` was a field. */
export const STORAGE_CLASS_ANNOTATION = 'volume.beta.kubernetes.io/storage-class'
