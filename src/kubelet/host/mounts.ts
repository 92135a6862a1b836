/** Mounts that the node agent makes for volumes. All are idempotent: what is mounted already is left, what isn't mounted is no error. */
export interface Mounts {
  /** A tmpfs; `sizeBytes` undefined leaves the kernel's default of half the memory. */
  tmpfs(path: string, options: { readonly sizeBytes?: number; readonly hugePageSize?: string }): Promise<void>
  /** A block device's file system; makes one of that type on a device that has none. */
  device(device: string, path: string, fsType: string): Promise<void>
  /**
   * Binds `base`/`subPath` on `target`, a file or directory that is made to fit. Each step of the sub-path is opened
   * without following a symlink out of `base`, and what was opened is what is bound, so nobody can swap it in between.
   * A missing sub-path is created as a directory.
   */
  bindSubPath(base: string, subPath: string, target: string): Promise<void>
  /** Makes what is mounted below propagate to containers' mount namespaces (`mount --make-rshared`). */
  makeShared(path: string): Promise<void>
  unmount(path: string): Promise<void>
  /** Unmounts everything below the path, deepest first, and the path itself. */
  unmountTree(path: string): Promise<void>
  /** Every mount point at or below the path. */
  below(path: string): Promise<readonly string[]>
}
