// `npm run docs:pictures`: draws the pictures of the concepts from runs under a clock that stands still in between, so that
// they are the same each time. test/docs/pictures.test.ts compares them.
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { draw } from './draw.ts'
import type { Scene } from './scene.ts'
import { contract } from './scenes/contract.ts'
import { counters } from './scenes/counters.ts'
import { isolation } from './scenes/isolation.ts'
import { loading } from './scenes/loading.ts'
import { locks } from './scenes/locks.ts'
import { memoized } from './scenes/memoize.ts'
import { ownEngine } from './scenes/own-engine.ts'
import { rateLimits } from './scenes/rate-limits.ts'
import { redis } from './scenes/redis.ts'
import { serialization } from './scenes/serialization.ts'
import { tags } from './scenes/tags.ts'
import { tiers } from './scenes/tiers.ts'

/** The runs by the names of their pages. */
export const SCENES: Readonly<Record<string, () => Promise<Scene>>> = {
  contract,
  loading,
  tags,
  tiers,
  isolation,
  serialization,
  redis,
  counters,
  'rate-limits': rateLimits,
  locks,
  memoize: memoized,
  'own-engine': ownEngine,
}

/** Runs a scene and returns its picture. */
export const picture = async (name: string): Promise<string> => draw(await SCENES[name]!())

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  for (const name of Object.keys(SCENES)) {
    writeFileSync(join(import.meta.dirname, '../../docs/images', `${name}.svg`), await picture(name))
    console.log(`docs/images/${name}.svg`)
  }
}
