// Starts a frozen server and waits to be killed.
import { dirname } from 'node:path'
import { startRedis } from './server.ts'

const server = await startRedis({ unixSocket: true })
server.freeze()
console.log(JSON.stringify({ pid: server.pid, directory: dirname(server.socketPath) }))
setInterval(() => undefined, 1000)
