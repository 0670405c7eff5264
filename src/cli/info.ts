import type { Server } from './server.ts'

/** The fields of `INFO`. */
export type Info = ReadonlyMap<string, string>

/** Returns the fields of `INFO`, of the master of the prefix in a cluster. @throws if the server refuses. */
export async function infoOf(server: Server): Promise<Info> {
  const text = String(await server.run('INFO'))
  return new Map(
    text.split('\r\n').flatMap((line) => {
      const at = line.indexOf(':')
      return line.startsWith('#') || at === -1 ? [] : [[line.slice(0, at), line.slice(at + 1)] as const]
    }),
  )
}
