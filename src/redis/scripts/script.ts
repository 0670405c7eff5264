import { createHash } from 'node:crypto'
import type { Command, Script } from '../connection/client.ts'

/** A script that a client can run, made from its parts. */
export function script(name: string, ...parts: readonly string[]): Script {
  const source = parts.map((part) => part.trim()).join('\n')
  return { name, source, sha: createHash('sha1').update(source).digest('hex') }
}

/** A call of a script that the server runs at once, whether it knows it or not. */
export function withSource(command: Command): Command {
  if (!('script' in command)) return command
  const { script: called, keys, args } = command
  return { args: ['EVAL', called.source, String(keys.length), ...keys, ...args] }
}
