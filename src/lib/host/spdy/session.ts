import { Socket } from 'node:net'
import { Duplex } from 'node:stream'
import { HeaderDecoder, HeaderEncoder, type Headers } from './header-block.ts'

const SYN_STREAM = 1
const SYN_REPLY = 2
const RST_STREAM = 3
const PING = 6
const GOAWAY = 7
const HEADERS = 8
const FLAG_FIN = 1
const CONTROL_BIT = 0x80000000
const VERSION_3 = 0x8003
const STATUS_REFUSED = 3

const MAX_FRAME_BYTES = 4 * 1024 * 1024
/** While a stream holds this much that nobody has read, nothing more is read from the connection: SPDY's flow control is not used by Kubernetes. */
const MAX_UNREAD_BYTES = 1024 * 1024
const MAX_STREAMS = 2048
const MAX_DATA_BYTES = 32 * 1024

/** One bidirectional stream of a session. `end()` half-closes it; `destroy()` resets it. */
export class SpdyStream extends Duplex {
  readonly id: number
  readonly headers: Headers
  readonly #session: SpdySession

  constructor(session: SpdySession, id: number, headers: Headers) {
    super({ allowHalfOpen: true, readableHighWaterMark: MAX_UNREAD_BYTES })
    this.#session = session
    this.id = id
    this.headers = headers
  }

  override _read(): void {
    this.#session.resume()
  }

  override _write(chunk: Buffer, _encoding: BufferEncoding, done: (error?: Error | null) => void): void {
    this.#session.sendData(this.id, chunk, done)
  }

  override _final(done: (error?: Error | null) => void): void {
    this.#session.sendFin(this.id, done)
  }

  override _destroy(error: Error | null, done: (error?: Error | null) => void): void {
    this.#session.forget(this, !this.readableEnded || !this.writableFinished)
    done(error)
  }
}

export interface SpdySessionOptions {
  readonly role: 'client' | 'server'
  /** Called for each stream that the peer opens, after it was accepted. */
  readonly onStream?: (stream: SpdyStream) => void
  /** Called once when the connection is gone; with the error when it broke. */
  readonly onClose?: (error?: Error) => void
}

/**
 * SPDY/3.1 framing over a connection that has been upgraded, as far as Kubernetes' exec, attach and port-forward use it
 * (no flow control, no settings, no push). Frames are handled strictly in order.
 */
export class SpdySession {
  readonly #socket: Duplex
  readonly #options: SpdySessionOptions
  readonly #streams = new Map<number, SpdyStream>()
  readonly #encoder = new HeaderEncoder()
  readonly #decoder = new HeaderDecoder()
  readonly #replies = new Map<number, { resolve: () => void; reject: (e: Error) => void }>()
  #nextId: number
  #buffered: Buffer[] = []
  #bufferedBytes = 0
  #wanted = 8
  #sending: Promise<void> = Promise.resolve()
  #receiving: Promise<void> = Promise.resolve()
  #closed = false

  /** `head` is what came with the upgrade beyond the HTTP message. */
  constructor(socket: Duplex, options: SpdySessionOptions, head?: Buffer) {
    this.#socket = socket
    this.#options = options
    this.#nextId = options.role === 'client' ? 1 : 2
    if (socket instanceof Socket) socket.setNoDelay(true)
    socket.on('data', (chunk: Buffer) => this.#onData(chunk))
    // What has come before is still handed on.
    socket.on('error', (error) => void this.#receiving.then(() => this.#shut(error)))
    socket.on('end', () => void this.#receiving.then(() => this.#shut()))
    socket.on('close', () => void this.#receiving.then(() => this.#shut()))
    if (head && head.length > 0) this.#onData(head)
  }

  /** Opens a stream and waits until the peer has accepted it. */
  async open(headers: Headers, fin = false): Promise<SpdyStream> {
    if (this.#closed) throw new Error('SPDY session is closed')
    const id = this.#nextId
    this.#nextId += 2
    const stream = this.#add(id, headers)
    const accepted = new Promise<void>((resolve, reject) => this.#replies.set(id, { resolve, reject }))
    const fixed = Buffer.alloc(10)
    fixed.writeUInt32BE(id, 0)
    this.#sendWithHeaders(SYN_STREAM, fin ? FLAG_FIN : 0, fixed, headers)
    await accepted
    return stream
  }

  /** Says goodbye and closes the connection after what was written has gone out. */
  close(): void {
    if (this.#closed) return
    const body = Buffer.alloc(8)
    this.#send(control(GOAWAY, 0, body))
    void this.#sending.then(() => this.#socket.end())
  }

  /** Closes the connection at once. */
  destroy(error?: Error): void {
    this.#socket.destroy()
    this.#shut(error)
  }

  /** @internal A stream was read from: the connection may be read again. */
  resume(): void {
    if (this.#socket.isPaused()) this.#socket.resume()
  }

  /** @internal */
  sendData(id: number, data: Buffer, done: (error?: Error | null) => void): void {
    if (this.#closed) return done(new Error('SPDY session is closed'))
    // The peer has reset the stream and wants no more.
    if (!this.#streams.has(id)) return done()
    for (let at = 0; at < data.length; at += MAX_DATA_BYTES) {
      const part = data.subarray(at, at + MAX_DATA_BYTES)
      const last = at + MAX_DATA_BYTES >= data.length
      this.#send(Buffer.concat([dataHead(id, 0, part.length), part]), last ? done : undefined)
    }
    if (data.length === 0) done()
  }

  /** @internal */
  sendFin(id: number, done: (error?: Error | null) => void): void {
    if (this.#closed || !this.#streams.has(id)) return done()
    this.#send(dataHead(id, FLAG_FIN, 0), done)
  }

  /** @internal */
  forget(stream: SpdyStream, reset: boolean): void {
    if (this.#streams.get(stream.id) !== stream) return
    this.#streams.delete(stream.id)
    if (!reset || this.#closed) return
    const body = Buffer.alloc(8)
    body.writeUInt32BE(stream.id, 0)
    body.writeUInt32BE(5, 4) // CANCEL
    this.#send(control(RST_STREAM, 0, body))
  }

  #add(id: number, headers: Headers): SpdyStream {
    const stream = new SpdyStream(this, id, headers)
    this.#streams.set(id, stream)
    return stream
  }

  #send(frame: Buffer, done?: (error?: Error | null) => void): void {
    this.#sending = this.#sending.then(() => {
      if (this.#closed) return done?.(new Error('SPDY session is closed'))
      this.#socket.write(frame, done)
    })
  }

  #sendWithHeaders(type: number, flags: number, fixed: Buffer, headers: Headers): void {
    this.#sending = this.#sending.then(async () => {
      if (this.#closed) return
      try {
        const block = await this.#encoder.encode(headers)
        this.#socket.write(control(type, flags, Buffer.concat([fixed, block])))
      } catch (error) {
        this.destroy(error as Error)
      }
    })
  }

  #onData(chunk: Buffer): void {
    this.#buffered.push(chunk)
    this.#bufferedBytes += chunk.length
    if (this.#bufferedBytes < this.#wanted) return
    let bytes = this.#buffered.length === 1 ? chunk : Buffer.concat(this.#buffered)
    while (bytes.length >= 8) {
      const length = bytes.readUInt32BE(4) & 0xffffff
      if (length > MAX_FRAME_BYTES) return this.destroy(new Error(`SPDY frame of ${length} bytes is too large`))
      this.#wanted = 8 + length
      if (bytes.length < this.#wanted) break
      const frame = bytes.subarray(0, this.#wanted)
      bytes = bytes.subarray(this.#wanted)
      this.#wanted = 8
      this.#receiving = this.#receiving.then(() => this.#onFrame(frame)).catch((error: Error) => this.destroy(error))
    }
    this.#buffered = bytes.length > 0 ? [bytes] : []
    this.#bufferedBytes = bytes.length
  }

  async #onFrame(frame: Buffer): Promise<void> {
    if (this.#closed) return
    const word = frame.readUInt32BE(0)
    const flags = frame[4] ?? 0
    const body = frame.subarray(8)
    if (word < CONTROL_BIT) return this.#onDataFrame(word, flags, body)
    if (word >>> 16 !== VERSION_3) throw new Error(`SPDY version ${(word >>> 16) & 0x7fff} is not supported`)
    switch (word & 0xffff) {
      case SYN_STREAM:
        return this.#onSynStream(body, flags)
      case SYN_REPLY:
        return this.#onSynReply(body, flags)
      case HEADERS:
        // The block must be inflated even though nobody reads it: all blocks share one zlib stream.
        return void (await this.#decoder.decode(body.subarray(4)))
      case RST_STREAM:
        return this.#onReset(body.readUInt32BE(0) & 0x7fffffff, body.readUInt32BE(4))
      case PING:
        if ((body.readUInt32BE(0) & 1) === (this.#options.role === 'client' ? 0 : 1))
          this.#send(control(PING, 0, Buffer.from(body)))
    }
  }

  async #onSynStream(body: Buffer, flags: number): Promise<void> {
    const id = body.readUInt32BE(0) & 0x7fffffff
    const headers = await this.#decoder.decode(body.subarray(10))
    const fixed = Buffer.alloc(4)
    fixed.writeUInt32BE(id)
    const { onStream } = this.#options
    if (!onStream || this.#streams.size >= MAX_STREAMS || this.#streams.has(id)) {
      const refused = Buffer.alloc(8)
      refused.writeUInt32BE(id, 0)
      refused.writeUInt32BE(STATUS_REFUSED, 4)
      return this.#send(control(RST_STREAM, 0, refused))
    }
    const stream = this.#add(id, headers)
    this.#sendWithHeaders(SYN_REPLY, 0, fixed, {})
    if (flags & FLAG_FIN) stream.push(null)
    onStream(stream)
  }

  async #onSynReply(body: Buffer, flags: number): Promise<void> {
    const id = body.readUInt32BE(0) & 0x7fffffff
    await this.#decoder.decode(body.subarray(4))
    this.#replies.get(id)?.resolve()
    this.#replies.delete(id)
    if (flags & FLAG_FIN) this.#streams.get(id)?.push(null)
  }

  #onDataFrame(id: number, flags: number, data: Buffer): void {
    const stream = this.#streams.get(id)
    if (!stream || stream.readableEnded || stream.destroyed) return
    if (data.length > 0 && !stream.push(data)) this.#socket.pause()
    if (flags & FLAG_FIN) stream.push(null)
  }

  #onReset(id: number, status: number): void {
    const error = new Error(`SPDY stream was reset by the peer (status ${status})`)
    this.#replies.get(id)?.reject(error)
    this.#replies.delete(id)
    const stream = this.#streams.get(id)
    this.#streams.delete(id)
    // What came before is still read: Kubernetes' servers reset every stream when they are done with a session.
    stream?.once('end', () => stream.destroy())
    stream?.push(null)
  }

  #shut(error?: Error): void {
    if (this.#closed) return
    this.#closed = true
    for (const { reject } of this.#replies.values()) reject(error ?? new Error('SPDY session was closed'))
    this.#replies.clear()
    const streams = [...this.#streams.values()]
    this.#streams.clear()
    for (const stream of streams) {
      stream.push(null)
      if (!stream.writableFinished) stream.end()
    }
    this.#encoder.close()
    this.#decoder.close()
    this.#options.onClose?.(error)
  }
}

function control(type: number, flags: number, body: Buffer): Buffer {
  const head = Buffer.alloc(8)
  head.writeUInt16BE(VERSION_3, 0)
  head.writeUInt16BE(type, 2)
  head.writeUInt32BE(((flags << 24) | body.length) >>> 0, 4)
  return Buffer.concat([head, body])
}

function dataHead(id: number, flags: number, length: number): Buffer {
  const head = Buffer.alloc(8)
  head.writeUInt32BE(id, 0)
  head.writeUInt32BE(((flags << 24) | length) >>> 0, 4)
  return head
}
