import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

/** Where the rules of coherence (docs/coherence.md, C1 to C10) are implemented, and nowhere else. */
const HOME = /^(loading|coherence|tiered)\//

/** What anybody may have of coherence: a store over ports, and how it is set. */
const FACES: readonly string[] = ['coherent-store', 'coherence-options', 'compose', 'settings']
// Comparing two epochs decides nothing.
const ALSO: Readonly<Record<string, readonly string[]>> = { testing: ['sightings'], redis: ['sightings'] }

/** What the rules decide by; who asks this decides, too. */
const TELL_TALES: readonly RegExp[] = [
  /\b(isSynced|syncAgeMs|lastSync\w*|hasReached|flushedAt|lastCounter|writtenAt|bornAt|overtaken|taggedSince|startSync)\b/,
  /\b(onHead|onSync|onRotated|onSeen|onExecuted|onUnlogged)\s*\(/,
  /\bclass \w*(Follow|Marker|Journal|Outbox|Sighting|Recovery|LocalTier|LocalSlot|GenerationTable|LeaseKeeper)\w*/,
]
const RULE_NAME = /\bC(10|[1-9])b?\b/

/** Second copies of a rule in `<root>/src`: `file:line: what gives it away`. */
export function coherenceCopies(root: string): readonly string[] {
  const source = join(root, 'src')
  const files = readdirSync(source, { recursive: true, encoding: 'utf8' })
    .map((file) => file.replaceAll('\\', '/'))
    .filter((file) => file.endsWith('.ts') && !HOME.test(file))
  return files.flatMap((file) => {
    const lines = readFileSync(join(source, file), 'utf8').split('\n')
    return lines.flatMap((line, index) => {
      const found = giveaway(file, line)
      return found === undefined ? [] : [`src/${file}:${index + 1}: ${found}`]
    })
  })
}

function giveaway(file: string, line: string): string | undefined {
  const imported = /from '(?:\.\.?\/)+coherence\/([\w-]+)\.ts'/.exec(line)?.[1]
  const allowed = [...FACES, ...(ALSO[file.split('/')[0]!] ?? [])]
  if (imported !== undefined && !allowed.includes(imported)) return `imports coherence/${imported}`
  const rule = RULE_NAME.exec(line)
  if (rule !== null) return `speaks of ${rule[0]}`
  for (const pattern of TELL_TALES) {
    const match = pattern.exec(line)
    if (match !== null) return `has ${match[0].trim()}`
  }
  return undefined
}
