import { list } from 'tar'
import { EXIT, UserError, isErrno, messageOf } from '../user-error.ts'
import { normalizeImageName } from './name.ts'

/** What an image archive holds. */
export interface ArchiveContent {
  readonly format: 'oci' | 'docker'
  /** The full names that its images carry. */
  readonly names: readonly string[]
  /** Tags of images that carry no name beyond that, as some tools write OCI layouts. */
  readonly bareTags: readonly string[]
}

interface OciIndex {
  manifests?: { annotations?: Record<string, string> }[]
}
type DockerManifest = { RepoTags?: string[] | null }[]

const INDEXES = ['index.json', 'manifest.json']
/** An index that is larger than this is not one. */
const LARGEST_INDEX_BYTES = 4 * 1024 * 1024

/** Looks into an image archive: an OCI image layout or what `docker save` writes, as a tar file, gzipped or not. */
export async function readArchive(file: string): Promise<ArchiveContent> {
  const indexes = await readIndexes(file)
  const oci = indexes.get('index.json')
  if (oci !== undefined) return describeOci(parse(file, oci) as OciIndex)
  const docker = indexes.get('manifest.json')
  if (docker !== undefined) {
    const tags = (parse(file, docker) as DockerManifest).flatMap((image) => image.RepoTags ?? [])
    return { format: 'docker', names: tags.map(normalizeImageName), bareTags: [] }
  }
  throw notAnImage(file, 'it has neither an index.json nor a manifest.json')
}

function describeOci(index: OciIndex): ArchiveContent {
  const names: string[] = []
  const bareTags: string[] = []
  for (const { annotations = {} } of index.manifests ?? []) {
    const full = annotations['io.containerd.image.name']
    const ref = annotations['org.opencontainers.image.ref.name']
    if (full !== undefined) names.push(full)
    else bareTags.push(ref ?? '')
  }
  return { format: 'oci', names, bareTags }
}

async function readIndexes(file: string): Promise<Map<string, string>> {
  const found = new Map<string, string>()
  try {
    await list({
      file,
      onReadEntry(entry) {
        const path = entry.path.replace(/^\.\//, '')
        if (!INDEXES.includes(path) || (entry.size ?? 0) > LARGEST_INDEX_BYTES) return entry.resume()
        const chunks: Buffer[] = []
        entry.on('data', (chunk: Buffer) => chunks.push(chunk))
        entry.on('end', () => found.set(path, Buffer.concat(chunks).toString('utf8')))
      },
    })
  } catch (error) {
    if (isErrno(error, 'ENOENT', 'EACCES', 'EISDIR'))
      throw new UserError(`cannot read ${file}: ${error.message}`, { cause: error })
    throw notAnImage(file, messageOf(error))
  }
  return found
}

function parse(file: string, text: string): unknown {
  try {
    return JSON.parse(text)
  } catch (error) {
    throw notAnImage(file, messageOf(error))
  }
}

function notAnImage(file: string, why: string): UserError {
  return new UserError(`${file} is not an image archive: ${why}`, {
    hints: [
      'make one with docker save -o FILE IMAGE, skopeo copy docker://IMAGE oci-archive:FILE:NAME,',
      'or, of a root filesystem folder, with skiff image build DIR -t NAME',
    ],
    exitCode: EXIT.usage,
  })
}
