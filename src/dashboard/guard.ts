import { report } from '../core/logging/logger.ts'
import type { DashboardSettings } from './options.ts'
import { refusal } from './responses.ts'

const LOCAL = new Set(['localhost', '127.0.0.1', '[::1]'])
const LOOPBACK = /^(?:localhost|::1|(?:::ffff:)?127(?:\.\d{1,3}){3})$/

/** Decides which requests are answered. Each reason to refuse all of them is logged once. */
export class Guard {
  readonly #settings: DashboardSettings
  readonly #isProduction: boolean
  readonly #logged = new Set<string>()

  constructor(settings: DashboardSettings) {
    this.#settings = settings
    this.#isProduction = globalThis.process?.env?.['NODE_ENV'] === 'production'
  }

  /** Returns the answer to a request that is refused, or `undefined`. */
  async refuses(request: Request): Promise<Response | undefined> {
    const { authorize } = this.#settings
    if (authorize === undefined) return this.#withoutAuthorize(request)
    try {
      const answer = await authorize(request)
      if (answer instanceof Response) return answer
      return answer === true ? undefined : refusal(403, 'not authorized')
    } catch (error) {
      report(
        this.#settings.logger,
        'error',
        { err: error },
        'the dashboard refuses a request: authorize failed',
      )
      return refusal(403, 'not authorized')
    }
  }

  #withoutAuthorize(request: Request): Response | undefined {
    if (this.#isProduction) {
      this.#log('the dashboard refuses all requests, because NODE_ENV is production and it has no authorize')
      return refusal(404, 'not found')
    }
    if (isOfThisMachine(request)) return undefined
    this.#log('the dashboard refuses requests from other machines, because it has no authorize')
    return refusal(403, 'without authorize only this machine itself may ask')
  }

  #log(message: string): void {
    if (this.#logged.has(message)) return
    this.#logged.add(message)
    report(this.#settings.logger, 'error', { basePath: this.#settings.basePath }, message)
  }
}

// A page of a stranger may reach this machine by a name of its own, which the host then is. A proxy on this machine may
// have replaced the host, and then says for whom it asks.
function isOfThisMachine(request: Request): boolean {
  const { headers } = request
  const listed = (name: string): readonly string[] =>
    (headers.get(name) ?? '').split(',').flatMap((text) => (text.trim() === '' ? [] : [text.trim()]))
  return (
    [hostOf(request), ...listed('x-forwarded-host')].every(isLocalHost) &&
    [...listed('x-forwarded-for'), ...listed('x-real-ip')].every((address) => LOOPBACK.test(address)) &&
    !headers.has('forwarded')
  )
}

function isLocalHost(host: string): boolean {
  return URL.canParse(`http://${host}`) && LOCAL.has(new URL(`http://${host}`).hostname)
}

/** Returns the reason why a POST is refused, because no page of the dashboard itself has sent it, or `undefined`. */
export function refusesPost(request: Request): Response | undefined {
  const { headers } = request
  const site = headers.get('sec-fetch-site')
  const origin = headers.get('origin')
  const isForeign =
    (site === null && origin === null) ||
    (site !== null && site !== 'same-origin') ||
    (origin !== null && hostOfOrigin(origin) !== hostOf(request))
  if (isForeign) return refusal(403, 'only the page itself may ask for that')
  const [type = ''] = (headers.get('content-type') ?? '').split(';')
  if (type.trim().toLowerCase() === 'application/json') return undefined
  return refusal(415, 'the content type must be application/json')
}

function hostOf(request: Request): string {
  return (request.headers.get('host') ?? new URL(request.url).host).toLowerCase()
}

function hostOfOrigin(origin: string): string | undefined {
  try {
    const { host, protocol } = new URL(origin)
    return protocol.startsWith('http') ? host : undefined
  } catch {
    return undefined
  }
}
