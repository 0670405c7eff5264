import { createHash } from 'node:crypto'
import { systemClock, systemRandom, systemTimers } from '../../../src/core/time/system.ts'
import type { ClientSettings } from '../../../src/redis/libraries/adapt.ts'
import type { Script } from '../../../src/redis/connection/client.ts'
import { RecordingLogger } from '../../support/recording-logger.ts'

/** The real clock, and a logger that keeps what it is told. */
export function realSettings(): ClientSettings & { readonly logger: RecordingLogger } {
  return {
    clock: systemClock,
    timers: systemTimers,
    random: systemRandom,
    logger: new RecordingLogger(),
    name: 'test',
  }
}

/** A script by its source. */
export function script(source: string): Script {
  return { name: 'test', source, sha: createHash('sha1').update(source).digest('hex') }
}
