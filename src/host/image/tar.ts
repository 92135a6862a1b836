import { Header, Pax } from 'tar'

/** One member of a tar archive. */
export interface TarEntry {
  readonly path: string
  readonly type: 'File' | 'Directory' | 'SymbolicLink'
  readonly mode: number
  readonly uid?: number
  readonly gid?: number
  /** For a file: how many bytes follow. */
  readonly size?: number
  readonly linkpath?: string
}

const BLOCK = 512
/** All times are the epoch, so that the same files always make the same bytes. */
const EPOCH = new Date(0)

/** The header of a member, with an extended one before it where names are too long for the plain one. */
export function tarHeader(entry: TarEntry): Buffer {
  const fields = { size: 0, uid: 0, gid: 0, ...entry, mtime: EPOCH }
  const header = new Header(fields)
  const block = Buffer.alloc(BLOCK)
  const needsPax = header.encode(block)
  if (!needsPax) return block
  const extended = new Pax({
    path: fields.path,
    size: fields.size,
    ...(entry.linkpath !== undefined && { linkpath: entry.linkpath }),
  })
  return Buffer.concat([extended.encode(), block])
}

/** The zeros that fill a member's last block. */
export function tarPadding(size: number): Buffer {
  return Buffer.alloc((BLOCK - (size % BLOCK)) % BLOCK)
}

/** What ends an archive. */
export const TAR_END: Buffer = Buffer.alloc(2 * BLOCK)
