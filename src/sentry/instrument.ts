import { OptionsError } from '../core/errors.ts'
import { inspect } from '../core/logging/inspect.ts'
import { runtimesOf, type Caches } from '../metrics/caches.ts'
import { guarded } from '../metrics/guarded.ts'
import { checkMethods, checkReadable } from '../options/checks.ts'
import { checkOptions } from '../options/options.ts'
import type { SentryLike } from './sdk.ts'
import { CacheSpans } from './spans.ts'

/** Options of {@link instrument}. */
export interface SentryOptions {
  /** The SDK. */
  readonly sentry: SentryLike
  /** Whether spans name keys rather than their templates, such as `user:{id}`; default `false`. */
  readonly keys?: boolean | undefined
}

/**
 * Tells Sentry what one cache or several do, for its page about caches, wherever there is a span already. Returns the
 * function that ends it.
 *
 * @throws OptionsError for anything that is not a cache, or a wrong option.
 */
export function instrument(caches: Caches, options: SentryOptions): () => void {
  const runtimes = runtimesOf(caches, 'instrument')
  checkReadable(options, 'instrument')
  checkOptions(options, ['sentry', 'keys'], 'instrument')
  const { sentry, keys = false } = options
  checkMethods(sentry, ['startInactiveSpan'], 'instrument: options: sentry')
  if (typeof keys !== 'boolean')
    throw new OptionsError(`instrument: keys: ${inspect(keys)} is not true or false`)
  const ends = [...runtimes].map((runtime) =>
    runtime.observe(guarded(new CacheSpans(runtime, sentry, keys), runtime.trouble)),
  )
  return () => {
    for (const end of ends.splice(0)) end()
  }
}
