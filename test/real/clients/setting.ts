import { createHash } from 'node:crypto'
import { systemClock, systemRandom, systemTimers } from '../../../src/core/time/system.ts'
import type { ClientSettings } from '../../../src/redis/libraries/adapt.ts'
import type { Script } from '../../../src/redis/connection/client.ts'
import { RecordingLogger } from '../../support/recording-logger.ts'

/** Returns the real clock, and a logger that keeps its lines. */
export function realSettings(): ClientSettings & { readonly logger: RecordingLogger } {
  return {
    clock: systemClock,
    timers: systemTimers,
    random: systemRandom,
    logger: new RecordingLogger(),
    name: 'test',
  }
}

/** Returns a script by its source. */
export function script(source: string): Script {
  return { name: 'test', source, sha: createHash('sha1').update(source).digest('hex') }
}
