import { constants, createDeflate, createInflate, type Deflate, type Inflate } from 'node:zlib'

/** The zlib dictionary of SPDY/3, section 2.6.10.1: length-prefixed words, then one run of text. */
const DICTIONARY_WORDS =
  'options head post put delete trace accept accept-charset accept-encoding accept-language accept-ranges age allow authorization cache-control connection content-base content-encoding content-language content-length content-location content-md5 content-range content-type date etag expect expires from host if-match if-modified-since if-none-match if-range if-unmodified-since last-modified location max-forwards pragma proxy-authenticate proxy-authorization range referer retry-after server te trailer transfer-encoding upgrade user-agent vary via warning www-authenticate method get status|200 OK|version HTTP/1.1 url public set-cookie keep-alive origin'
const DICTIONARY_TEXT =
  '100101201202205206300302303304305306307402405406407408409410411412413414415416417502504505203 Non-Authoritative Information204 No Content301 Moved Permanently400 Bad Request401 Unauthorized403 Forbidden404 Not Found500 Internal Server Error501 Not Implemented503 Service UnavailableJan Feb Mar Apr May Jun Jul Aug Sept Oct Nov Dec 00:00:00 Mon, Tue, Wed, Thu, Fri, Sat, Sun, GMTchunked,text/html,image/png,image/jpg,image/gif,application/xml,application/xhtml+xml,text/plain,text/javascript,publicprivatemax-age=gzip,deflate,sdchcharset=utf-8charset=iso-8859-1,utf-,*,enq=0.'

function dictionary(): Buffer {
  const words = DICTIONARY_WORDS.split('|').flatMap((part, i) => (i === 1 ? [part] : part.split(' ')))
  const parts = words.map((word) => {
    const length = Buffer.alloc(4)
    length.writeUInt32BE(word.length)
    return Buffer.concat([length, Buffer.from(word)])
  })
  return Buffer.concat([...parts, Buffer.from(DICTIONARY_TEXT)])
}

const DICTIONARY = dictionary()

/** Names are lower case. A value may hold several, separated by NUL, as SPDY has it. */
export type Headers = Readonly<Record<string, string>>

/** A header block, inflated, may hold no more than this many bytes. */
const MAX_BLOCK_BYTES = 64 * 1024

/** Compresses the header blocks of one direction of a session: one zlib stream for all of them, in order. */
export class HeaderEncoder {
  readonly #deflate: Deflate = createDeflate({ dictionary: DICTIONARY })

  async encode(headers: Headers): Promise<Buffer> {
    await new Promise<void>((resolve, reject) => {
      this.#deflate.once('error', reject)
      this.#deflate.write(plainBlock(headers))
      this.#deflate.flush(constants.Z_SYNC_FLUSH, () => {
        this.#deflate.off('error', reject)
        resolve()
      })
    })
    return drain(this.#deflate)
  }

  close(): void {
    this.#deflate.destroy()
  }
}

/** Inflates the header blocks of one direction, in order. Rejects on a malformed or oversized block. */
export class HeaderDecoder {
  readonly #inflate: Inflate = createInflate({ dictionary: DICTIONARY, finishFlush: constants.Z_SYNC_FLUSH })
  readonly #chunks: Buffer[] = []
  #bytes = 0

  constructor() {
    this.#inflate.on('data', (chunk: Buffer) => {
      this.#bytes += chunk.length
      if (this.#bytes > MAX_BLOCK_BYTES) this.#inflate.destroy(new Error('SPDY header block is too large'))
      else this.#chunks.push(chunk)
    })
  }

  async decode(block: Buffer): Promise<Headers> {
    await new Promise<void>((resolve, reject) => {
      this.#inflate.once('error', reject)
      this.#inflate.write(block, (error) => {
        this.#inflate.off('error', reject)
        if (error) reject(error)
        else resolve()
      })
    })
    const plain = Buffer.concat(this.#chunks.splice(0))
    this.#bytes = 0
    return parseBlock(plain)
  }

  close(): void {
    this.#inflate.destroy()
  }
}

function drain(stream: Deflate): Buffer {
  const chunks: Buffer[] = []
  for (let chunk = stream.read() as Buffer | null; chunk; chunk = stream.read() as Buffer | null) chunks.push(chunk)
  return Buffer.concat(chunks)
}

function plainBlock(headers: Headers): Buffer {
  const entries = Object.entries(headers)
  const parts: Buffer[] = [uint32(entries.length)]
  for (const [name, value] of entries) {
    for (const text of [Buffer.from(name.toLowerCase()), Buffer.from(value)]) parts.push(uint32(text.length), text)
  }
  return Buffer.concat(parts)
}

function parseBlock(block: Buffer): Headers {
  const headers: Record<string, string> = Object.create(null) as Record<string, string>
  let at = 4
  const text = (): string => {
    const length = block.readUInt32BE(at)
    if (at + 4 + length > block.length) throw new Error('SPDY header block is cut short')
    at += 4 + length
    return block.toString('utf8', at - length, at)
  }
  for (let left = block.readUInt32BE(0); left > 0; left--) {
    const name = text()
    headers[name] = text()
  }
  return headers
}

function uint32(n: number): Buffer {
  const b = Buffer.alloc(4)
  b.writeUInt32BE(n)
  return b
}
