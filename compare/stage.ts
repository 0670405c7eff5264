import { startRedis, type RedisServer } from '../test/real/servers/server.ts'
import type { Library, Settings } from './candidate.ts'
import { NodeProcess } from './node-process.ts'

/** A server and processes of one library, for the rows that are played on it. */
export class Stage {
  readonly library: Library
  readonly server: RedisServer
  readonly #settings: Omit<Settings, 'port'>
  readonly #nodes = new Map<string, NodeProcess>()

  private constructor(library: Library, server: RedisServer, settings: Omit<Settings, 'port'>) {
    this.library = library
    this.server = server
    this.#settings = settings
  }

  static async open(library: Library, settings: Omit<Settings, 'port'>): Promise<Stage> {
    return new Stage(library, await startRedis(), settings)
  }

  /** Returns the process of a name that takes calls. It is started if there is none that lives. */
  async node(name: string, port?: number): Promise<NodeProcess> {
    const known = this.#nodes.get(name)
    return (known?.isAlive === true ? known : this.begin(name, port)).ready()
  }

  /** Starts the process of a name. */
  begin(name: string, port = this.server.port): NodeProcess {
    const node = new NodeProcess(this.library, { port, ...this.#settings })
    this.#nodes.set(name, node)
    return node
  }

  async close(): Promise<void> {
    await Promise.all([...this.#nodes.values()].map(async (node) => node.close()))
    await this.server.close()
  }
}
