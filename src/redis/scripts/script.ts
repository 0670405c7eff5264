import { createHash } from 'node:crypto'
import type { Script } from '../connection/client.ts'

/** Makes a script from its parts. */
export function script(name: string, ...parts: readonly string[]): Script {
  const source = parts.map((part) => part.trim()).join('\n')
  return { name, source, sha: createHash('sha1').update(source).digest('hex') }
}
