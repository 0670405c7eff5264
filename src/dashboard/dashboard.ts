import type { BaseCache } from '../cache/base-cache.ts'
import { isError } from '../internal/objects.ts'
import { report } from '../core/logging/logger.ts'
import { OptionsError } from '../core/errors.ts'
import { runtimesOf, type Caches } from '../metrics/caches.ts'
import type { DashboardFigures } from './figures.ts'
import { Guard, refusesPost } from './guard.ts'
import { page } from './html.ts'
import { Inspector, type Action } from './inspector.ts'
import { Live } from './live.ts'
import { requestOf, send, type NodeRequest, type NodeResponse } from './node.ts'
import {
  dashboardSettings,
  type DashboardOptions,
  type DashboardSettings,
  type WebRequest,
  type WebResponse,
} from './options.ts'
import { json, refusal } from './responses.ts'
import { sentenceOf } from './sentence.ts'
import { Timeline } from './timeline.ts'
import { WatchedCache } from './watched-cache.ts'

const ACTIONS: ReadonlyMap<string, Action> = new Map([
  ['/explain', 'explain'],
  ['/keys', 'keys'],
  ['/delete', 'delete'],
  ['/invalidate', 'invalidate'],
])

/** A page that shows what caches do; see {@link createDashboard}. */
export interface Dashboard {
  /** Answers a request of a framework that has those of the platform, such as Hono, Next, Bun, Deno or Workers. */
  fetch(request: WebRequest): Promise<WebResponse>
  /** Answers a request of Node's server, and of frameworks over it, such as Express, Fastify or Koa. */
  node(request: NodeRequest, response: NodeResponse): Promise<void>
  /** Ends the page's streams and stops watching. The caches stay open. */
  close(): void
}

/**
 * Begins to watch one cache or several, and returns the page that shows it (docs/dashboard.md). A namespace stands for
 * the whole of its cache.
 *
 * ```ts
 * const dashboard = createDashboard(cache, { authorize: (request) => isAdmin(request) })
 * app.use('/cachette', (request, response) => dashboard.node(request, response))
 * ```
 *
 * @throws OptionsError for anything that is not a cache, or a wrong option.
 */
export function createDashboard(caches: Caches, options: DashboardOptions = {}): Dashboard {
  const settings = dashboardSettings(options)
  const runtimes = runtimesOf(caches, 'createDashboard')
  const list: readonly BaseCache[] = Array.isArray(caches) ? caches : [caches as BaseCache]
  if (runtimes.size === 0) throw new OptionsError('createDashboard: there is no cache in the list')
  if (runtimes.size < list.length) throw new OptionsError('createDashboard: a cache is in the list twice')
  return new CacheDashboard(list, settings)
}

class CacheDashboard implements Dashboard {
  readonly #settings: DashboardSettings
  readonly #guard: Guard
  readonly #timeline: Timeline
  readonly #caches: readonly WatchedCache[]
  readonly #inspector: Inspector
  readonly #live: Live
  readonly #since: number

  constructor(caches: readonly BaseCache[], settings: DashboardSettings) {
    this.#settings = settings
    this.#guard = new Guard(settings)
    const timeline = new Timeline(settings.showValues)
    this.#timeline = timeline
    this.#caches = caches.map(
      (cache, index) => new WatchedCache(String(index), cache, timeline, settings.auditors),
    )
    this.#inspector = new Inspector(this.#caches, settings)
    const { clock, timers } = this.#caches[0]!.scope.runtime
    this.#since = clock.wallNow()
    const failed = (error: unknown): void =>
      report(settings.logger, 'error', { err: error }, 'the dashboard has no figures for its page')
    this.#live = new Live(timers, failed, {
      get changes() {
        return timeline.changes
      },
      since: (changes) => timeline.since(changes),
      figures: async () => this.#figures(Infinity),
    })
  }

  async fetch(request: Request): Promise<Response> {
    try {
      return (await this.#guard.refuses(request)) ?? (await this.#answer(request))
    } catch (error) {
      report(this.#settings.logger, 'error', { err: error }, 'the dashboard could not answer')
      return refusal(500, 'something went wrong; the reason is in the log of the service')
    }
  }

  async node(incoming: NodeRequest, outgoing: NodeResponse): Promise<void> {
    try {
      await send(this.#answerNode(incoming), outgoing)
    } catch (error) {
      // Nobody may wait for this promise.
      report(this.#settings.logger, 'error', { err: error }, 'the dashboard could not answer')
      outgoing.end()
    }
  }

  async #answerNode(incoming: NodeRequest): Promise<Response> {
    let request: Request
    try {
      request = await requestOf(incoming)
    } catch (error) {
      return refusal(400, isError(error) ? error.message : 'the request is malformed')
    }
    return this.fetch(request)
  }

  close(): void {
    this.#live.close()
    for (const cache of this.#caches) cache.close()
  }

  async #answer(request: Request): Promise<Response> {
    const { pathname } = new URL(request.url)
    const { basePath } = this.#settings
    const path = pathname.startsWith(basePath) ? pathname.slice(basePath.length) : undefined
    const action = ACTIONS.get(path ?? '')
    if (action !== undefined) {
      if (request.method !== 'POST') return refusal(405, 'this takes POST', { allow: 'POST' })
      return refusesPost(request) ?? this.#inspector.run(action, request)
    }
    const show = this.#shows(path)
    if (show === undefined) return refusal(404, 'not found')
    if (request.method === 'GET') return show()
    return refusal(405, 'this takes GET', { allow: 'GET' })
  }

  #shows(path: string | undefined): (() => Response | Promise<Response>) | undefined {
    if (path === '' || path === '/') return page
    if (path === '/figures') return async () => json(await this.#figures(0))
    return path === '/live' ? () => this.#live.open() : undefined
  }

  async #figures(changes: number): Promise<DashboardFigures> {
    const caches = await Promise.all(this.#caches.map(async (cache) => cache.figures()))
    const worths = this.#caches.map((cache, index) => cache.worth(caches[index]!))
    const { clock } = this.#caches[0]!.scope.runtime
    return {
      at: clock.wallNow(),
      since: this.#since,
      sentence: sentenceOf(this.#since, clock.wallNow(), worths, caches),
      readOnly: this.#settings.readOnly,
      caches,
      timeline: this.#timeline.since(changes),
    }
  }
}
