// One process of several: nodes of one library, which write or watch.
import { sharedNow, tell } from '../../test/support/peer-side.ts'
import { connect, type Connection } from '../../test/real/servers/resp.ts'
import { bareClients, libraries, type Node } from './libraries.ts'

const KEYS = 200
const nodes: Node[] = []
let library = ''

/** Adds nodes to this process, each with connections of its own. */
export async function open(name: string, port: number, count: number): Promise<void> {
  library = name
  const make = libraries[library] ?? bareClients[library]!
  for (let index = 0; index < count; index++) {
    const node = await make(port)
    nodes.push(node)
    // The node works from its first write on. Each has its own key, so that none waits for another.
    for (;;) {
      await node.set(`opened:${process.pid}:${nodes.length}`, true)
      if ((await node.get(`opened:${process.pid}:${nodes.length}`)) === true) break
      if (library in bareClients) break
    }
  }
}

/**
 * Makes a number of sets or removals, with 50 under way. Returns the microseconds of CPU of this process for each, and
 * the number of failures.
 */
export async function write(
  kind: 'set' | 'remove',
  count: number,
): Promise<{ client: number; failed: number }> {
  const [node] = nodes as [Node]
  let next = 0
  let failed = 0
  const caller = async (): Promise<void> => {
    while (next < count) {
      const index = next++
      const key = `key:${index % KEYS}`
      const done = await (kind === 'set'
        ? node.set(key, { id: index, name: `name ${index}` })
        : node.remove(key))
      // A peer's removal may report that there was no entry, which is no failure.
      if (done === false && library.startsWith('Cachette')) failed += 1
    }
  }
  const before = process.cpuUsage()
  await Promise.all(Array.from({ length: 50 }, caller))
  const { user, system } = process.cpuUsage(before)
  return { client: (user + system) / count, failed }
}

let pinging: Connection | undefined

/** Makes a number of writes one after the other. */
export async function writeInTurn(kind: 'set' | 'remove', count: number): Promise<void> {
  for (let index = 0; index < count; index++) {
    if (kind === 'set') await nodes[0]!.set(`key:${index % KEYS}`, { id: index })
    else await nodes[0]!.remove(`key:${index % KEYS}`)
  }
}

/** Makes one write. Returns the times of its call and its answer, and the time that a PING took right before. */
export async function change(
  kind: 'set' | 'remove',
  key: string,
  version: number,
  port: number,
): Promise<{ calledAtMs: number; answeredAtMs: number; pingMs: number }> {
  const [node] = nodes as [Node]
  pinging ??= await connect({ port })
  const began = sharedNow()
  await pinging.command('PING')
  const pingMs = sharedNow() - began
  const calledAtMs = sharedNow()
  await (kind === 'set' ? node.set(key, { version }) : node.remove(key))
  return { calledAtMs, answeredAtMs: sharedNow(), pingMs }
}

/** Reads a key until it is in the tier of this process. */
export async function hold(key: string, version: number): Promise<void> {
  for (let seen = 0; seen < 3;) {
    const found = (await nodes[0]!.get(key)) as { version: number } | undefined
    seen = found?.version === version ? seen + 1 : 0
  }
}

/**
 * Reads a key without a pause until the version has gone. Returns the beginning of the first read that did not see it.
 */
export async function watch(key: string, version: number): Promise<number> {
  tell('watching')
  for (;;) {
    const startedAtMs = sharedNow()
    const found = (await nodes[0]!.get(key)) as { version: number } | undefined
    if (found?.version !== version) return startedAtMs
    await new Promise((resolve) => {
      setImmediate(resolve)
    })
  }
}
