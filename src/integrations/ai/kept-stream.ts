/** A part of an answer of a model. */
type Part = { readonly type?: unknown; readonly finishReason?: unknown } | null | undefined

/** Whether an answer ended as it should, so that it may be given again. */
export function isWhole(finishReason: unknown): boolean {
  const reason: unknown =
    typeof finishReason === 'object' && finishReason !== null
      ? Reflect.get(finishReason, 'unified')
      : finishReason
  return reason !== 'error'
}

/** Returns a stream of parts that are there already. */
export function replay<P>(parts: readonly P[]): ReadableStream<P> {
  return new ReadableStream<P>({
    start(controller) {
      for (const part of parts) controller.enqueue(part)
      controller.close()
    },
  })
}

/**
 * Returns a stream with the same parts, and a promise of all of them. It is `undefined` for a stream that failed, was
 * cancelled, has a part of type `error`, or does not end with a `finish`.
 */
export function recorded<P>(stream: ReadableStream<P>): {
  readonly stream: ReadableStream<P>
  readonly parts: Promise<readonly P[] | undefined>
} {
  const reader = stream.getReader()
  const parts: P[] = []
  let settle!: (parts: readonly P[] | undefined) => void
  const all = new Promise<readonly P[] | undefined>((resolve) => {
    settle = resolve
  })
  const passed = new ReadableStream<P>(
    {
      async pull(controller) {
        try {
          const { done, value } = await reader.read()
          if (done) {
            settle(isComplete(parts) ? parts : undefined)
            controller.close()
            return
          }
          parts.push(value)
          controller.enqueue(value)
        } catch (error) {
          settle(undefined)
          controller.error(error)
        }
      },
      async cancel(reason) {
        settle(undefined)
        await reader.cancel(reason)
      },
    },
    { highWaterMark: 0 },
  )
  return { stream: passed, parts: all }
}

function isComplete(parts: readonly unknown[]): boolean {
  const read = parts as readonly Part[]
  return (
    read.every((part) => part?.type !== 'error') &&
    read.some((part) => part?.type === 'finish' && isWhole(part.finishReason))
  )
}
