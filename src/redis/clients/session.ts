import type { Line } from './line.ts'

/** A connection as the server knows it. */
interface Session {
  readonly id: string
  readonly address: string
}

/**
 * Knows the present connection of a line by the name that the server has for it, and has the server end the one before:
 * what was sent over that may still lie there unread, and would be executed behind what is sent from now on.
 */
export class Sessions {
  readonly #line: Line
  #last: Session | undefined = undefined

  constructor(line: Line) {
    this.#line = line
  }

  /** Ends the connection before this one, if it is known; resolves when it is gone, or the server refuses. */
  endLast(): Promise<unknown> | undefined {
    if (this.#last === undefined) return undefined
    const { id, address } = this.#last
    this.#last = undefined
    // The address, too: another server, or one that has started anew, may have given the number to somebody else.
    return this.#line.send(['CLIENT', 'KILL', 'ID', id, 'ADDR', address], 'text')
  }

  /** Asks for the name of the present one. */
  learn(): void {
    this.#line.send(['CLIENT', 'INFO'], 'text').then(
      (reply) => {
        const [, id] = /(?:^| )id=(\d+)/.exec(String(reply)) ?? []
        const [, address] = / addr=(\S+)/.exec(String(reply)) ?? []
        if (id !== undefined && address !== undefined) this.#last = { id, address }
      },
      () => {},
    )
  }
}
