import { connect, type Socket } from 'node:net'
import type { Command, Connection, Reply, ReplyForm } from '../../../src/redis/connection/client.ts'

type Waiting = { readonly form: ReplyForm; readonly done: (reply: Reply) => void }

/** A connection that speaks RESP 2, with only the parts that the store's tests need. */
export class RespConnection implements Connection {
  readonly server: object = this
  readonly #socket: Socket
  readonly #waiting: Waiting[] = []
  #bytes: Buffer = Buffer.alloc(0)
  #failure: Error | undefined
  /** The listener to pushes for a subscriber. */
  onPush: ((parts: readonly Reply[]) => void) | undefined

  constructor(port: number) {
    this.#socket = connect({ port, host: '127.0.0.1', noDelay: true })
    this.#socket.on('data', (chunk) => this.#receive(chunk))
    this.#socket.on('error', () => undefined)
    this.#socket.on('close', () => {
      this.#failure = new Error('closed')
      for (const { done } of this.#waiting.splice(0)) done(this.#failure)
    })
  }

  async run(command: Command, form: ReplyForm): Promise<Reply> {
    const [reply] = await this.runAll([command], form)
    if (reply instanceof Error) throw reply
    return reply!
  }

  async runAll(commands: readonly Command[], form: ReplyForm): Promise<readonly Reply[]> {
    const replies = await Promise.all(this.#send(commands.map(argsOf), form))
    if (this.#failure !== undefined) throw this.#failure
    return Promise.all(
      replies.map(async (reply, index) => {
        const command = commands[index]!
        if (!(reply instanceof Error) || !reply.message.startsWith('NOSCRIPT') || !('script' in command))
          return reply
        const { script, keys, args } = command
        return this.#send([['EVAL', script.source, String(keys.length), ...keys, ...args]], form)[0]!
      }),
    )
  }

  /** Sends one command by its words. */
  async call(...args: (string | Uint8Array)[]): Promise<Reply> {
    return this.run({ args }, 'text')
  }

  close(): void {
    this.#socket.destroy()
  }

  #send(all: readonly (readonly (string | Uint8Array)[])[], form: ReplyForm): Promise<Reply>[] {
    const chunks = all.flatMap((args) => [
      Buffer.from(`*${args.length}\r\n`),
      ...args.flatMap((arg) => [
        Buffer.from(`$${Buffer.byteLength(arg)}\r\n`),
        Buffer.from(arg),
        Buffer.from('\r\n'),
      ]),
    ])
    const pending = all.map(async () => new Promise<Reply>((done) => this.#waiting.push({ form, done })))
    if (this.#failure !== undefined) for (const { done } of this.#waiting.splice(0)) done(this.#failure)
    this.#socket.write(Buffer.concat(chunks))
    return pending
  }

  #receive(chunk: Buffer): void {
    this.#bytes = this.#bytes.length === 0 ? chunk : Buffer.concat([this.#bytes, chunk])
    let at = 0
    for (;;) {
      const read = readReply(this.#bytes, at, this.#waiting[0]?.form ?? 'text')
      if (read === undefined) break
      at = read.end
      if (this.onPush !== undefined && Array.isArray(read.reply)) this.onPush(read.reply as readonly Reply[])
      else this.#waiting.shift()?.done(read.reply)
    }
    this.#bytes = this.#bytes.subarray(at)
  }
}

function argsOf(command: Command): readonly (string | Uint8Array)[] {
  if (!('script' in command)) return command.args
  const { script, keys, args } = command
  return ['EVALSHA', script.sha, String(keys.length), ...keys, ...args]
}

function readReply(
  bytes: Buffer,
  at: number,
  form: ReplyForm,
): { readonly reply: Reply; readonly end: number } | undefined {
  const lineEnd = bytes.indexOf('\r\n', at)
  if (lineEnd === -1) return undefined
  const line = bytes.toString('utf8', at + 1, lineEnd)
  const next = lineEnd + 2
  switch (bytes[at]) {
    case 0x2b:
      return { reply: line, end: next }
    case 0x2d:
      return { reply: new Error(line), end: next }
    case 0x3a:
      return { reply: Number(line), end: next }
    case 0x24: {
      const length = Number(line)
      if (length === -1) return { reply: null, end: next }
      if (bytes.length < next + length + 2) return undefined
      const part = bytes.subarray(next, next + length)
      return { reply: form === 'text' ? part.toString() : Buffer.from(part), end: next + length + 2 }
    }
    default: {
      const count = Number(line)
      if (count === -1) return { reply: null, end: next }
      const list: Reply[] = []
      let end = next
      for (let index = 0; index < count; index++) {
        const item = readReply(bytes, end, form)
        if (item === undefined) return undefined
        list.push(item.reply)
        end = item.end
      }
      return { reply: list, end }
    }
  }
}
