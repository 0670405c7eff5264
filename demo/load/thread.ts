import { startThread } from '../thread.ts'
import type { Playing, PlayOptions, Progress } from './play.ts'

export type LoadOrder = Omit<PlayOptions, 'onProgress'>

export type FromLoad =
  | { readonly kind: 'progress'; readonly progress: Progress }
  | { readonly kind: 'played'; readonly playing: Playing }

/**
 * Plays a schedule from a thread of its own, so that the work of asking does not lengthen the answers.
 * Aborting stops the thread and rejects.
 */
export async function playInThread(
  order: LoadOrder,
  onProgress: (progress: Progress) => void,
  signal: AbortSignal,
): Promise<Playing> {
  signal.throwIfAborted()
  const worker = startThread(new URL('./worker.ts', import.meta.url), order)
  const stop = (): void => void worker.terminate()
  signal.addEventListener('abort', stop, { once: true })
  try {
    return await new Promise<Playing>((resolve, reject) => {
      worker.on('message', (message: FromLoad) => {
        if (message.kind === 'progress') onProgress(message.progress)
        else resolve(message.playing)
      })
      worker.once('error', reject)
      worker.once('exit', () => reject(new Error('the load stopped before its end')))
    })
  } finally {
    signal.removeEventListener('abort', stop)
    await worker.terminate()
  }
}
