// A connection that speaks RESP2 in a few lines, so that observations of tests depend on no client library.
import { connect as connectTcp, type Socket } from 'node:net'
import { connect as connectTls } from 'node:tls'

export type Reply = string | number | null | Reply[]

/** An error reply of the server, which begins with `-`. */
export class ReplyError extends Error {
  override readonly name: string = 'ReplyError'
}

export interface Address {
  readonly host?: string
  readonly port?: number
  /** Path of a unix socket, instead of host and port. */
  readonly path?: string
  /** The certificate authority to trust. It makes the connection TLS. */
  readonly ca?: string
  readonly username?: string
  readonly password?: string
}

interface Pending {
  resolve(reply: Reply): void
  reject(error: unknown): void
}

/** Reads one reply at `at`; `undefined` if the reply is incomplete. */
function parse(data: string, at: number): { reply: Reply | ReplyError; end: number } | undefined {
  const lineEnd = data.indexOf('\r\n', at)
  if (lineEnd < 0) return undefined
  const line = data.slice(at + 1, lineEnd)
  const next = lineEnd + 2
  switch (data[at]) {
    case '+':
      return { reply: line, end: next }
    case '-':
      return { reply: new ReplyError(line), end: next }
    case ':':
      return { reply: Number(line), end: next }
    case '$': {
      if (line === '-1') return { reply: null, end: next }
      const end = next + Number(line)
      if (data.length < end + 2) return undefined
      // The stream is held as latin1, one character a byte, because lengths count bytes.
      return { reply: Buffer.from(data.slice(next, end), 'latin1').toString('utf8'), end: end + 2 }
    }
    case '*': {
      if (line === '-1') return { reply: null, end: next }
      const items: Reply[] = []
      let end = next
      for (let count = Number(line); count > 0; count--) {
        const item = parse(data, end)
        if (item === undefined) return undefined
        items.push(item.reply instanceof Error ? item.reply.message : item.reply)
        end = item.end
      }
      return { reply: items, end }
    }
    default:
      throw new Error(`Not RESP2: ${JSON.stringify(data.slice(at, at + 40))}`)
  }
}

export class Connection {
  readonly #socket: Socket
  readonly #pending: Pending[] = []
  #data = ''
  #ended: Error | undefined

  constructor(socket: Socket) {
    this.#socket = socket
    socket.setNoDelay(true)
    socket.on('data', (chunk: Buffer) => {
      this.#data += chunk.toString('latin1')
      for (let next = parse(this.#data, 0); next !== undefined; next = parse(this.#data, 0)) {
        this.#data = this.#data.slice(next.end)
        const pending = this.#pending.shift()
        if (next.reply instanceof ReplyError) pending?.reject(next.reply)
        else pending?.resolve(next.reply)
      }
    })
    const end = (error: Error): void => {
      this.#ended ??= error
      for (const pending of this.#pending.splice(0)) pending.reject(this.#ended)
    }
    socket.on('error', end)
    socket.on('close', () => end(new Error('The connection was closed.')))
  }

  /** Whether neither the other side nor `close` has closed it. */
  get open(): boolean {
    return this.#ended === undefined
  }

  /** Sends one command. Rejects if the server refuses it, or the connection ends. */
  async command(...args: readonly (string | number)[]): Promise<Reply> {
    return new Promise((resolve, reject) => {
      if (this.#ended !== undefined) {
        reject(this.#ended)
        return
      }
      this.#pending.push({ resolve, reject })
      const parts = args.map((arg) => `$${Buffer.byteLength(String(arg))}\r\n${arg}\r\n`)
      this.#socket.write(`*${args.length}\r\n${parts.join('')}`)
    })
  }

  close(): void {
    this.#socket.destroy()
  }
}

/** Connects and logs in. */
export async function connect(address: Address): Promise<Connection> {
  const { host = '127.0.0.1', port, path, ca, username = 'default', password } = address
  const where = path === undefined ? { host, port: port ?? 6379 } : { path }
  const socket = ca === undefined ? connectTcp(where) : connectTls({ ...where, ca })
  await new Promise<void>((resolve, reject) => {
    socket.once(ca === undefined ? 'connect' : 'secureConnect', resolve)
    socket.once('error', reject)
  })
  const connection = new Connection(socket)
  if (password !== undefined) await connection.command('AUTH', username, password)
  return connection
}
