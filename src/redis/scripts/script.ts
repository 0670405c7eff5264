import { createHash } from 'node:crypto'
import type { Command, Script } from '../connection/client.ts'

/** Makes a script from its parts. */
export function script(name: string, ...parts: readonly string[]): Script {
  const source = parts.map((part) => part.trim()).join('\n')
  return { name, source, sha: createHash('sha1').update(source).digest('hex') }
}

/** Returns a call with the source of its script, which the server runs at once even if it does not know the script. */
export function withSource(command: Command): Command {
  if (!('script' in command)) return command
  const { script: called, keys, args } = command
  return { args: ['EVAL', called.source, String(keys.length), ...keys, ...args] }
}
