// What the module in the other process may use.

interface ToPeer {
  readonly id: number
  readonly name: string
  readonly args: readonly unknown[]
  readonly event?: unknown
}

const listeners = new Set<(message: unknown) => void>()

/** Sends something to the test that was not asked for. */
export function tell(event: unknown): void {
  process.send?.({ id: 0, event })
}

/** Hears what the test tells of its own accord. */
export function onTold(listener: (message: unknown) => void): void {
  listeners.add(listener)
}

/** Answers calls until the test lets go. */
export function listen(run: (name: string, args: readonly unknown[]) => Promise<unknown>): void {
  process.on('message', ({ id, name, args, event }: ToPeer) => {
    if (id === 0) {
      for (const listener of listeners) listener(event)
      return
    }
    run(name, args).then(
      (value) => process.send?.({ id, value }),
      (error: unknown) =>
        process.send?.({
          id,
          error: error instanceof Error ? (error.stack ?? error.message) : String(error),
        }),
    )
  })
  process.on('disconnect', () => process.exit(process.exitCode ?? 0))
}

/** Milliseconds on a clock that all processes of this machine share. */
export function sharedNow(): number {
  return Number(process.hrtime.bigint()) / 1e6
}
