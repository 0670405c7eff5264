import type { Duration } from '../options/durations.ts'
import type { GetOrSetOptions } from '../options/entry-options.ts'
import { inspect } from '../core/logging/inspect.ts'
import type { OneLoader } from '../loading/load-context.ts'
import type { LoadSettings } from '../options/resolve.ts'
import { entriesOf, type Entries } from './entries.ts'
import type { Scope } from './scope.ts'

/** The number of keys that are loaded at a time for no caller yet. */
const WARMED_AT_ONCE = 8

/** Loads the missing keys, some at a time, and counts the loaded ones. */
export async function warm(
  scope: Scope,
  entries: Entries<unknown>,
  ttlOrOptions: Duration | GetOrSetOptions | undefined,
): Promise<number> {
  const list = entriesOf(entries)
  const { pipeline } = scope.runtime
  // A stale value is not warm, so its load is waited for and counted.
  const patient = (settings: LoadSettings): LoadSettings => ({ softTimeoutMs: Infinity, ...settings })
  const common = patient(scope.loadSettings(ttlOrOptions, 'warm'))
  const waiting = list.map(([key, value, own]) => ({
    full: scope.key(key),
    key,
    loader: typeof value === 'function' ? (value as OneLoader) : (): unknown => value,
    settings: own === undefined ? common : patient(scope.loadSettings(own, `warm: ${inspect(key)}`)),
  }))
  let loaded = 0
  // One iterator for all workers, because to shift a long list costs much.
  const rest = waiting.values()
  const work = async (): Promise<void> => {
    for (const { full, key, loader, settings } of rest) {
      const load = async (context: never): Promise<unknown> => {
        const made = await loader(context)
        loaded++
        return made
      }
      try {
        await pipeline.load(full, key, load, settings)
      } catch {
        // The failure is counted among the load errors. It must not keep the others out.
      }
    }
  }
  await Promise.all(Array.from({ length: WARMED_AT_ONCE }, work))
  return loaded
}
