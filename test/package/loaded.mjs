// Prints the URL of every module that `import` of the first argument loads, one a line.
import { createRequire, register } from 'node:module'
import { pathToFileURL } from 'node:url'
import { MessageChannel } from 'node:worker_threads'

const hooks = `
  let port
  export function initialize(data) { port = data.port }
  export async function load(url, context, next) {
    port.postMessage(url)
    return next(url, context)
  }
`
const { port1, port2 } = new MessageChannel()
const urls = new Set()
port1.on('message', (url) => urls.add(url))
register(`data:text/javascript,${encodeURIComponent(hooks)}`, {
  data: { port: port2 },
  transferList: [port2],
})

await import(process.argv[2])
// What CommonJS requires passes no hook.
for (const path of Object.keys(createRequire(import.meta.url).cache)) urls.add(pathToFileURL(path).href)
setImmediate(() => {
  port1.close()
  for (const url of urls) console.log(url)
})
