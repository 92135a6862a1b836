import { createHash } from 'node:crypto'
import type { Hash } from 'node:crypto'
import { createReadStream, createWriteStream } from 'node:fs'
import { mkdtemp, rm, stat } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pipeline } from 'node:stream/promises'
import { createGzip } from 'node:zlib'
import { layerTar } from './layer.ts'
import { TAR_END, tarHeader, tarPadding } from './tar.ts'

/** What an image runs by itself; each as in the OCI image configuration. */
export interface ImageConfig {
  readonly entrypoint?: readonly string[]
  readonly cmd?: readonly string[]
  /** KEY=VALUE. */
  readonly env?: readonly string[]
  readonly user?: string
  readonly workingDir?: string
  /** Such as `8080` or `53/udp`. */
  readonly ports?: readonly string[]
}

export interface BuildOptions {
  /** The folder that becomes the root filesystem. */
  readonly folder: string
  /** The full name that the archive's image gets. */
  readonly name: string
  readonly config: ImageConfig
  /** Keep owners as they are on disk; otherwise everything belongs to root. */
  readonly keepOwners: boolean
  /** The archive to write. */
  readonly output: string
}

interface Blob {
  readonly mediaType: string
  readonly digest: string
  readonly size: number
}

const OCI = 'application/vnd.oci.image'
const DEFAULT_PATH = 'PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin'
const ARCHITECTURES: Readonly<Record<string, string>> = { x64: 'amd64', arm64: 'arm64' }

/**
 * Makes an OCI image archive (image-spec 1.1, image layout) of a folder: one layer, the same bytes for the same files.
 * Resolves to the digest of its manifest.
 */
export async function buildImage(options: BuildOptions): Promise<string> {
  const scratch = await mkdtemp(join(tmpdir(), 'skiff-image-'))
  try {
    const layerFile = join(scratch, 'layer.tar.gz')
    const { layer, diffId } = await writeLayer(options, layerFile)
    const config = jsonBlob(`${OCI}.config.v1+json`, imageConfig(options.config, diffId))
    const manifest = jsonBlob(`${OCI}.manifest.v1+json`, {
      schemaVersion: 2,
      mediaType: `${OCI}.manifest.v1+json`,
      config: config.blob,
      layers: [layer],
    })
    const archive = writeArchive({
      layer,
      layerFile,
      documents: [config, manifest],
      index: index(manifest.blob, options),
    })
    await pipeline(archive, createWriteStream(options.output))
    return manifest.blob.digest
  } finally {
    await rm(scratch, { recursive: true, force: true })
  }
}

async function writeLayer(options: BuildOptions, file: string): Promise<{ layer: Blob; diffId: string }> {
  const plain = createHash('sha256')
  const packed = createHash('sha256')
  const source = layerTar(options.folder, { keepOwners: options.keepOwners })
  await pipeline(source, hashing(plain), createGzip({ level: 6 }), hashing(packed), createWriteStream(file))
  const { size } = await stat(file)
  const layer = { mediaType: `${OCI}.layer.v1.tar+gzip`, digest: digestOf(packed), size }
  return { layer, diffId: digestOf(plain) }
}

/** Passes bytes on and adds them to a hash. */
function hashing(hash: Hash) {
  return async function* (source: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
    for await (const chunk of source) {
      hash.update(chunk)
      yield chunk
    }
  }
}

function imageConfig(config: ImageConfig, diffId: string): object {
  const env = config.env ?? []
  const ports = (config.ports ?? []).map((port) => [port.includes('/') ? port : `${port}/tcp`, {}])
  return {
    created: new Date(0).toISOString(),
    architecture: ARCHITECTURES[process.arch] ?? process.arch,
    os: 'linux',
    config: {
      Env: env.some((pair) => pair.startsWith('PATH=')) ? env : [DEFAULT_PATH, ...env],
      ...(config.entrypoint && { Entrypoint: config.entrypoint }),
      ...(config.cmd && { Cmd: config.cmd }),
      ...(config.user && { User: config.user }),
      ...(config.workingDir && { WorkingDir: config.workingDir }),
      ...(ports.length > 0 && { ExposedPorts: Object.fromEntries(ports) }),
    },
    rootfs: { type: 'layers', diff_ids: [diffId] },
    history: [{ created: new Date(0).toISOString(), created_by: 'skiff image build' }],
  }
}

function index(manifest: Blob, { name }: BuildOptions): object {
  const annotations = { 'io.containerd.image.name': name, 'org.opencontainers.image.ref.name': name }
  return { schemaVersion: 2, mediaType: `${OCI}.index.v1+json`, manifests: [{ ...manifest, annotations }] }
}

interface Document {
  readonly blob: Blob
  readonly bytes: Buffer
}

function jsonBlob(mediaType: string, value: object): Document {
  const bytes = Buffer.from(JSON.stringify(value))
  return { bytes, blob: { mediaType, digest: digestOf(createHash('sha256').update(bytes)), size: bytes.length } }
}

function digestOf(hash: Hash): string {
  return `sha256:${hash.digest('hex')}`
}

interface Archive {
  readonly layer: Blob
  readonly layerFile: string
  readonly documents: readonly Document[]
  readonly index: object
}

async function* writeArchive({ layer, layerFile, documents, index }: Archive): AsyncGenerator<Buffer> {
  yield* member('oci-layout', Buffer.from('{"imageLayoutVersion":"1.0.0"}'))
  yield* member('index.json', Buffer.from(JSON.stringify(index)))
  for (const { blob, bytes } of documents) yield* member(blobPath(blob), bytes)
  yield tarHeader({ path: blobPath(layer), type: 'File', mode: 0o644, size: layer.size })
  yield* createReadStream(layerFile) as AsyncIterable<Buffer>
  yield tarPadding(layer.size)
  yield TAR_END
}

function* member(path: string, bytes: Buffer): Generator<Buffer> {
  yield tarHeader({ path, type: 'File', mode: 0o644, size: bytes.length })
  yield bytes
  yield tarPadding(bytes.length)
}

function blobPath(blob: Blob): string {
  return `blobs/${blob.digest.replace(':', '/')}`
}
