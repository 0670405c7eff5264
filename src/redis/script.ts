import { createHash } from 'node:crypto'
import type { Script } from './client.ts'

/** A script that a client can run, made from its parts. */
export function script(name: string, ...parts: readonly string[]): Script {
  const source = parts.map((part) => part.trim()).join('\n')
  return { name, source, sha: createHash('sha1').update(source).digest('hex') }
}
