// A proxy that answers as hosted services do. It speaks RESP, refuses commands, spreads slots behind one endpoint,
// drops idle connections, asks for passwords of its own, and moves to another server. All of it can change at any
// moment.
import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net'
import { until } from '../../support/until.ts'
import { slotOf } from '../../../src/redis/connection/slot.ts'
import { Frames, isPush, keysOf, wordsOf } from './frames.ts'

/** A server behind the proxy. */
export interface Upstream {
  readonly port: number
}

/** The behaviour of a service. Every member can be changed while it runs. */
export interface HostedBehaviour {
  /** Commands that are refused: names such as `CLIENT`, or with the subcommand, such as `CLIENT SETINFO`. */
  refused: ReadonlySet<string>
  /** The reply to a refused command, without the `-`. */
  refusal: (name: string) => string
  /** The reply to every command, such as `LOADING Redis is loading ...`. `undefined` = commands are passed on. */
  answersAll: string | undefined
  /** The password of each connection, by AUTH or HELLO. Connections that gave an earlier one stay logged in. */
  password: string | undefined
  username: string
  /** The treatment of a connection over which nothing was sent for that time. */
  idle: { readonly afterMs: number; readonly how: 'close' | 'black-hole' } | undefined
}

/** The refusal of Envoy's Redis filter: lower case, and no code before the text. */
const ENVOY_REFUSED =
  'ACL CLIENT CLUSTER COMMAND CONFIG HELLO INFO MULTI PSUBSCRIBE PUBLISH PUBSUB ROLE SCAN SCRIPT SELECT SUBSCRIBE WAIT'

/** Behaviours of well-known kinds of services. */
export const HOSTED = {
  /** Returns a proxy such as Envoy: few commands, refused without a code. */
  envoy: (): Partial<HostedBehaviour> => ({
    refused: new Set(ENVOY_REFUSED.split(' ')),
    refusal: (name) => `unsupported command '${name.toLowerCase()}'`,
  }),
  /** Returns a provider that has renamed or removed commands. */
  refusing: (...names: readonly string[]): Partial<HostedBehaviour> => ({
    refused: new Set(names),
    refusal: (name) => `ERR unknown command '${name}', with args beginning with: `,
  }),
  loading: (): Partial<HostedBehaviour> => ({ answersAll: 'LOADING Redis is loading the dataset in memory' }),
} as const

type Owner = (slot: number) => Upstream

/** A place in the order of replies, which is that of their commands, wherever each reply comes from. */
interface Slot {
  reply: Buffer | undefined
}

class Session {
  readonly #client: Socket
  readonly #hosted: HostedService
  readonly #first: Upstream
  readonly #frames = new Frames()
  readonly #upstreams = new Map<Upstream, { readonly socket: Socket; readonly waiting: Slot[] }>()
  readonly #replies: Slot[] = []
  #isLoggedIn = false
  #usedAtMs = performance.now()
  #isHole = false

  constructor(client: Socket, hosted: HostedService, first: Upstream) {
    this.#client = client
    this.#hosted = hosted
    this.#first = first
    client.setNoDelay(true)
    client.on('error', () => undefined)
    client.on('data', (chunk: Buffer) => {
      this.look()
      this.#usedAtMs = performance.now()
      if (this.#isHole) return
      for (const frame of this.#frames.add(chunk)) this.#onCommand(frame)
    })
    client.on('close', () => {
      for (const { socket } of this.#upstreams.values()) socket.destroy()
    })
  }

  /** Closes or silences the connection if it is idle for too long. */
  look(): void {
    const { idle } = this.#hosted
    if (idle === undefined || performance.now() - this.#usedAtMs < idle.afterMs) return
    if (idle.how === 'close') this.close()
    else this.#isHole = true
  }

  get isHole(): boolean {
    return this.#isHole
  }

  get idleMs(): number {
    return performance.now() - this.#usedAtMs
  }

  close(): void {
    this.#client.end()
  }

  reset(): void {
    this.#client.resetAndDestroy()
  }

  #onCommand(frame: Buffer): void {
    const words = wordsOf(frame)
    const name = (words[0] ?? '').toUpperCase()
    const full = `${name} ${(words[1] ?? '').toUpperCase()}`
    this.#hosted.note(name, full)
    const { refused, refusal, answersAll } = this.#hosted
    if (answersAll !== undefined) return this.#answer(`-${answersAll}`)
    if (refused.has(name) || refused.has(full)) return this.#answer(`-${refusal(words[0] ?? '')}`)
    const login = this.#login(name, words)
    if (login !== undefined) return this.#answer(login)
    this.#route(name, words, frame)
  }

  // The servers behind have no password, because the service has its own.
  #login(name: string, words: readonly string[]): string | undefined {
    const { password, username } = this.#hosted
    if (password === undefined) return undefined
    const at = words.findIndex((word) => word.toUpperCase() === 'AUTH')
    if (at >= 0 && (name === 'AUTH' || name === 'HELLO')) {
      const given = words.slice(at + 1)
      const [user, secret] = name === 'AUTH' && given.length === 1 ? ['default', given[0]] : given
      this.#isLoggedIn = user === username && secret === password
      if (!this.#isLoggedIn) return '-WRONGPASS invalid username-password pair or user is disabled.'
      if (name === 'AUTH') return '+OK'
      // The rest of HELLO is for the server behind.
      const rest = words.filter((_, index) => index < at || index > at + 2)
      this.#forward(this.#first, encode(rest), 1)
      return ''
    }
    return this.#isLoggedIn ? undefined : '-NOAUTH Authentication required.'
  }

  #route(name: string, words: readonly string[], frame: Buffer): void {
    const { owner, nodes } = this.#hosted
    if (owner === undefined) return this.#forward(this.#first, frame, repliesTo(name, words))
    if (name === 'SCAN') return this.#scan(words, nodes)
    const slots = new Set(keysOf(words).map(slotOf))
    if (slots.size > 1) return this.#answer("-CROSSSLOT Keys in request don't hash to the same slot")
    if (name === 'SELECT' && words[1] !== '0')
      return this.#answer('-ERR SELECT is not allowed in cluster mode')
    if (name === 'CLUSTER') return this.#answer('-ERR This instance has cluster support disabled')
    const [slot] = slots
    this.#forward(slot === undefined ? nodes[0]! : owner(slot), frame, repliesTo(name, words))
  }

  // Scans node after node. The cursor holds the node's number.
  #scan(words: readonly string[], nodes: readonly Upstream[]): void {
    const cursor = BigInt(words[1] ?? '0')
    const count = BigInt(nodes.length)
    const index = Number(cursor % count)
    const slot: Slot = { reply: undefined }
    this.#replies.push(slot)
    const between: Slot = {
      set reply(reply: Buffer | undefined) {
        const [, length, next] = /^\*2\r\n\$(\d+)\r\n(\d+)/.exec(reply!.toString('latin1', 0, 60))!
        const bytes = 4 + 1 + length!.length + 2 + Number(length) + 2
        const isLast = next === '0' && index === nodes.length - 1
        const after = next === '0' ? BigInt(index + 1) : BigInt(next!) * count + BigInt(index)
        const text = isLast ? '0' : String(after)
        slot.reply = Buffer.concat([
          Buffer.from(`*2\r\n$${text.length}\r\n${text}\r\n`),
          reply!.subarray(bytes),
        ])
      },
      get reply() {
        return slot.reply
      },
    }
    const rest = ['SCAN', String(cursor / count), ...words.slice(2)]
    this.#send(nodes[index]!, encode(rest), [between])
  }

  #forward(upstream: Upstream, frame: Buffer, replies: number): void {
    const slots = Array.from({ length: replies }, (): Slot => ({ reply: undefined }))
    this.#replies.push(...slots)
    this.#send(upstream, frame, slots)
  }

  #send(upstream: Upstream, frame: Buffer, slots: readonly Slot[]): void {
    const { socket, waiting } = this.#upstreams.get(upstream) ?? this.#open(upstream)
    waiting.push(...slots)
    socket.write(frame)
  }

  #open(upstream: Upstream): { readonly socket: Socket; readonly waiting: Slot[] } {
    const socket = connect({ host: '127.0.0.1', port: upstream.port })
    socket.setNoDelay(true)
    const opened = { socket, waiting: [] as Slot[] }
    this.#upstreams.set(upstream, opened)
    const frames = new Frames()
    socket.on('data', (chunk: Buffer) => {
      for (const frame of frames.add(chunk)) {
        if (isPush(frame)) this.#client.write(frame)
        else opened.waiting.shift()!.reply = frame
      }
      this.#flush()
    })
    socket.on('error', () => undefined)
    socket.on('close', () => this.#client.destroy())
    return opened
  }

  #answer(text: string): void {
    if (text !== '') this.#replies.push({ reply: Buffer.from(`${text}\r\n`) })
    this.#flush()
  }

  #flush(): void {
    while (this.#replies[0]?.reply !== undefined) {
      const { reply } = this.#replies.shift()!
      if (!this.#isHole) this.#client.write(reply!)
    }
  }
}

/** A service before a server, or before the nodes of a cluster. */
export class HostedService implements HostedBehaviour {
  refused: ReadonlySet<string> = new Set()
  refusal: (name: string) => string = (name) => `ERR unknown command '${name}'`
  answersAll: string | undefined = undefined
  password: string | undefined = undefined
  username = 'default'
  idle: HostedBehaviour['idle'] = undefined
  /** Returns the owner of a slot if there are several nodes. */
  readonly owner: Owner | undefined
  readonly #listener: Server
  readonly #sessions = new Set<Session>()
  readonly #seen = new Map<string, number>()
  #looks: NodeJS.Timeout | undefined = undefined
  #nodes: readonly Upstream[]

  constructor(nodes: readonly Upstream[], owner: Owner | undefined, behaviour: Partial<HostedBehaviour>) {
    this.#nodes = nodes
    this.owner = owner
    Object.assign(this, behaviour)
    this.#listener = createServer((client) => {
      const session = new Session(client, this, this.#nodes[0]!)
      this.#sessions.add(session)
      client.on('close', () => this.#sessions.delete(session))
    })
  }

  async listen(): Promise<void> {
    await new Promise<void>((resolve) => {
      this.#listener.listen(0, '127.0.0.1', resolve)
    })
    this.#looks = setInterval(() => {
      for (const session of this.#sessions) session.look()
    }, 20)
    this.#looks.unref()
  }

  get port(): number {
    return (this.#listener.address() as AddressInfo).port
  }

  get url(): string {
    return `redis://127.0.0.1:${this.port}`
  }

  get nodes(): readonly Upstream[] {
    return this.#nodes
  }

  get connections(): number {
    return this.#sessions.size
  }

  /** Number of open connections that were dropped without a message. */
  get holes(): number {
    return [...this.#sessions].filter(({ isHole }) => isHole).length
  }

  /** Returns the number of times that clients sent a command, by its name or with its subcommand. */
  sent(name: string): number {
    return this.#seen.get(name) ?? 0
  }

  /** @internal */
  note(name: string, full: string): void {
    for (const one of new Set([name, full])) this.#seen.set(one, (this.#seen.get(one) ?? 0) + 1)
  }

  /** Plays a managed failover: new connections go to another server, and open ones stay where they are. */
  moveTo(server: Upstream): void {
    this.#nodes = [server]
  }

  /** Resets every open connection. */
  cut(): void {
    for (const session of this.#sessions) session.reset()
  }

  /** Waits until every connection is idle, closes all of them at once, and waits until their clients are back. */
  async closeIdle(): Promise<void> {
    const sessions = this.#sessions
    await until(
      'idle connections',
      () => sessions.size > 0 && [...sessions].every(({ idleMs }) => idleMs > 100),
    )
    const closed = [...sessions]
    for (const session of closed) session.close()
    const isBack = (): boolean => sessions.size >= closed.length && !closed.some((one) => sessions.has(one))
    await until('other connections', isBack)
  }

  async close(): Promise<void> {
    clearInterval(this.#looks)
    this.cut()
    await new Promise<void>((resolve) => {
      this.#listener.close(() => resolve())
    })
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close()
  }
}

/** Starts a service before a server. */
export async function startHosted(
  server: Upstream,
  behaviour: Partial<HostedBehaviour> = {},
): Promise<HostedService> {
  const service = new HostedService([server], undefined, behaviour)
  await service.listen()
  return service
}

/** Starts a service with one endpoint for all slots of a cluster, as serverless ones have. */
export async function startServerless(
  cluster: {
    masters(): Promise<readonly Upstream[]>
    ownerOf(slot: number): Promise<Upstream>
  },
  behaviour: Partial<HostedBehaviour> = {},
): Promise<HostedService> {
  const masters = await cluster.masters()
  // The first ranges of the cluster of tests. Slots must stay in them.
  const begins = [0, 5461, 10_923]
  const owners = await Promise.all(begins.map((slot) => cluster.ownerOf(slot)))
  const owner: Owner = (slot) => owners[begins.findLastIndex((first) => first <= slot)]!
  const service = new HostedService(masters, owner, behaviour)
  await service.listen()
  return service
}

function repliesTo(name: string, words: readonly string[]): number {
  return /^[PS]?(?:UN)?SUBSCRIBE$/.test(name) ? Math.max(1, words.length - 1) : 1
}

function encode(words: readonly string[]): Buffer {
  const parts = words.map((word) => `$${Buffer.byteLength(word)}\r\n${word}\r\n`)
  return Buffer.from(`*${words.length}\r\n${parts.join('')}`)
}
