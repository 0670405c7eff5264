import { Worker, workerData } from 'node:worker_threads'

const entry = new URL('./thread-entry.mjs', import.meta.url)

/** Starts a TypeScript file as a worker thread, whatever loads TypeScript in the main thread. */
export function startThread(file: URL, data?: unknown): Worker {
  return new Worker(entry, { execArgv: [], workerData: { file: file.href, data } })
}

/** Returns the data that {@link startThread} was given for the thread that calls this. */
export function threadData(): unknown {
  return workerData.data
}
