// The functions that the module in the other process may use.

interface ToPeer {
  readonly id: number
  readonly name: string
  readonly args: readonly unknown[]
  readonly event?: unknown
}

const listeners = new Set<(message: unknown) => void>()

/** Sends an event to the test without being asked. */
export function tell(event: unknown): void {
  process.send?.({ id: 0, event })
}

/** Listens to messages that the test sends by `tell`. */
export function onTold(listener: (message: unknown) => void): void {
  listeners.add(listener)
}

/** Answers calls until the test disconnects. */
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

/** Returns milliseconds on a clock that all processes of this machine share. */
export function sharedNow(): number {
  return Number(process.hrtime.bigint()) / 1e6
}
