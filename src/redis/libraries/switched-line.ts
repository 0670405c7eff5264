import type { Arg, ReplyForm } from '../connection/client.ts'
import type { LineListener, SubscriberLine } from './line.ts'

/** A line to a server that may change: the master that sentinels name, or any node of a cluster. */
export class SwitchedLine implements SubscriberLine {
  #line: SubscriberLine | undefined = undefined
  #listener: LineListener | undefined = undefined
  readonly #onClose: () => void

  /** `onClose` is called when the line is no longer needed. */
  constructor(onClose: () => void = () => {}) {
    this.#onClose = onClose
  }

  get received(): number | undefined {
    return this.#line?.received
  }

  get isUp(): boolean {
    return this.#line?.isUp === true
  }

  get reset(): (() => void) | undefined {
    return this.#line?.reset
  }

  send(args: readonly Arg[], form: ReplyForm): Promise<unknown> {
    return this.#line === undefined
      ? Promise.reject(new Error('no server is known'))
      : this.#line.send(args, form)
  }

  subscribe(channel: string, onMessage: (text: string) => void): Promise<void> {
    if (this.#line === undefined) return Promise.reject(new Error('no server is known'))
    return this.#line.subscribe(channel, onMessage)
  }

  listen(listener: LineListener): void {
    this.#listener = listener
  }

  /** Leaves the present line for another one. */
  switchTo(line: SubscriberLine): void {
    const old = this.#line
    const wasUp = this.isUp
    old?.close()
    this.#line = line
    if (wasUp) this.#listener?.onDown(new Error('another server has taken over'))
    line.listen({
      onUp: () => {
        if (this.#line === line) this.#listener?.onUp()
      },
      onDown: (error) => {
        if (this.#line === line) this.#listener?.onDown(error)
      },
      onTrouble: (error) => {
        if (this.#line === line) this.#listener?.onTrouble(error)
      },
    })
    if (line.isUp) this.#listener?.onUp()
  }

  /** Reports an error while there is no server to connect to. */
  trouble(error: unknown): void {
    this.#listener?.onTrouble(error)
  }

  close(): void {
    this.#listener = undefined
    this.#line?.close()
    this.#line = undefined
    this.#onClose()
  }
}
