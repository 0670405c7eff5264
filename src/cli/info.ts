import type { Server } from './server.ts'

/** The fields of `INFO`. */
export type Info = ReadonlyMap<string, string>

/** Returns the fields of `INFO` of the server, or of each master of the cluster. @throws if a server refuses. */
export async function infosOf(server: Server): Promise<readonly Info[]> {
  const texts = await server.runOnAll('INFO')
  return texts.map((text) => fieldsOf(String(text)))
}

function fieldsOf(text: string): Info {
  return new Map(
    text.split('\r\n').flatMap((line) => {
      const at = line.indexOf(':')
      return line.startsWith('#') || at === -1 ? [] : [[line.slice(0, at), line.slice(at + 1)] as const]
    }),
  )
}

/** Returns a number of a field; `undefined` if the server does not tell it. */
export function numberOf(info: Info, name: string): number | undefined {
  const text = info.get(name)
  const value = Number(text)
  return text === undefined || text === '' || Number.isNaN(value) ? undefined : value
}
