import { parentPort } from 'node:worker_threads'
import { threadData } from '../thread.ts'
import { play } from './play.ts'
import type { FromLoad, LoadOrder } from './thread.ts'

function send(message: FromLoad): void {
  parentPort?.postMessage(message)
}

const order = threadData() as LoadOrder
const playing = await play({ ...order, onProgress: (progress) => send({ kind: 'progress', progress }) })
send({ kind: 'played', playing })
