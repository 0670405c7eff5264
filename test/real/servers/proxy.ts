// A TCP proxy that plays faults of networks. Its behaviour can change at any moment, for open connections, too.
import { createServer, connect, type AddressInfo, type Server, type Socket } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'

export type ProxyMode =
  | { readonly kind: 'pass' }
  /** Each chunk arrives `ms` later, in order. */
  | { readonly kind: 'delay'; readonly ms: number }
  /** Each chunk arrives in two halves, the second `ms` later. */
  | { readonly kind: 'halve'; readonly ms: number }
  /** Each way carries this number of bytes a second. */
  | { readonly kind: 'rate'; readonly bytesPerSecond: number }
  /**
   * Nothing arrives, and no error is seen. Held chunks arrive at the end. `to` names the deaf side, both by default.
   */
  | { readonly kind: 'black-hole'; readonly to?: 'client' | 'server' }
  /** New connections are closed at once. */
  | { readonly kind: 'refuse' }

interface Held {
  readonly chunk: Buffer
  readonly cameAt: number
}

type Side = 'client' | 'server'

export class FaultProxy {
  readonly #listener: Server
  readonly #target: { readonly host: string; readonly port: number }
  readonly #pairs = new Set<readonly [Socket, Socket]>()
  readonly #waiting = new Set<() => void>()
  #mode: ProxyMode = { kind: 'pass' }

  constructor(target: { readonly host?: string; readonly port: number }) {
    this.#target = { host: target.host ?? '127.0.0.1', port: target.port }
    this.#listener = createServer((client) => this.#accept(client))
  }

  async listen(): Promise<void> {
    await new Promise<void>((resolve) => {
      this.#listener.listen(0, '127.0.0.1', resolve)
    })
  }

  get port(): number {
    return (this.#listener.address() as AddressInfo).port
  }

  get url(): string {
    return `redis://127.0.0.1:${this.port}`
  }

  get connections(): number {
    return this.#pairs.size
  }

  get mode(): ProxyMode {
    return this.#mode
  }

  set mode(mode: ProxyMode) {
    this.#mode = mode
    for (const wake of this.#waiting) wake()
    this.#waiting.clear()
  }

  /** Resets every open connection, on both sides. New ones are accepted unless the mode refuses. */
  cut(): void {
    for (const [client, server] of this.#pairs) {
      client.resetAndDestroy()
      server.resetAndDestroy()
    }
  }

  /**
   * Makes connections half-open: the server loses all of them. The clients hear nothing of it and get no answers on
   * them.
   */
  cutServerSide(): void {
    for (const [client, server] of this.#pairs) {
      server.removeAllListeners('close')
      server.resetAndDestroy()
      client.resume()
    }
  }

  #accept(client: Socket): void {
    if (this.#mode.kind === 'refuse') {
      client.resetAndDestroy()
      return
    }
    const server = connect(this.#target)
    const pair = [client, server] as const
    this.#pairs.add(pair)
    for (const [socket, other] of [pair, [server, client] as const]) {
      socket.setNoDelay(true)
      socket.on('error', () => undefined)
      socket.on('close', () => {
        other.destroy()
        this.#pairs.delete(pair)
      })
    }
    void this.#carry(client, server, 'server')
    void this.#carry(server, client, 'client')
  }

  /** Carries bytes one way until either socket is gone. */
  async #carry(from: Socket, into: Socket, to: Side): Promise<void> {
    const held: Held[] = []
    const pace = { freeAtMs: 0 }
    let wake: () => void = () => undefined
    from.on('data', (chunk: Buffer) => {
      held.push({ chunk, cameAt: performance.now() })
      wake()
    })
    from.on('close', () => wake())
    while (!from.destroyed || held.length > 0) {
      const next = held.shift()
      if (next === undefined) {
        await new Promise<void>((resolve) => {
          wake = resolve
        })
        continue
      }
      await this.#passable(to)
      await this.#forward(next, into, pace)
      if (into.destroyed) return
    }
  }

  /** Waits while the way is a black hole. */
  async #passable(to: Side): Promise<void> {
    while (this.#mode.kind === 'black-hole' && (this.#mode.to ?? to) === to) {
      await new Promise<void>((resolve) => {
        this.#waiting.add(resolve)
      })
    }
  }

  async #forward({ chunk, cameAt }: Held, into: Socket, pace: { freeAtMs: number }): Promise<void> {
    const mode = this.#mode
    if (mode.kind === 'rate') {
      // The pace goes by the time at which the chunk is through, so that a late timer does not make it slower.
      pace.freeAtMs = Math.max(pace.freeAtMs, cameAt) + (chunk.length / mode.bytesPerSecond) * 1000
      const waitMs = pace.freeAtMs - performance.now()
      if (waitMs > 1) await sleep(waitMs, undefined, { ref: false })
    }
    if (mode.kind === 'delay')
      await sleep(Math.max(0, cameAt + mode.ms - performance.now()), undefined, { ref: false })
    if (mode.kind === 'halve' && chunk.length > 1) {
      const middle = chunk.length >> 1
      into.write(chunk.subarray(0, middle))
      await sleep(mode.ms, undefined, { ref: false })
      into.write(chunk.subarray(middle))
      return
    }
    into.write(chunk)
  }

  async close(): Promise<void> {
    this.mode = { kind: 'refuse' }
    this.cut()
    await new Promise<void>((resolve) => {
      this.#listener.close(() => resolve())
    })
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close()
  }
}

/** Starts a proxy before the server, on a free port. */
export async function startProxy(target: {
  readonly host?: string
  readonly port: number
}): Promise<FaultProxy> {
  const proxy = new FaultProxy(target)
  await proxy.listen()
  return proxy
}
