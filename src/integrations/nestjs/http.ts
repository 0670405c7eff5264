import type { ExecutionContext } from '@nestjs/common'

/** A request of Express or Fastify. */
interface Request {
  readonly method?: string
  readonly url?: string
  readonly originalUrl?: string
  readonly headers?: Readonly<Record<string, unknown>>
  readonly hostname?: string
  /** The route of Express. */
  readonly route?: { readonly path?: string | RegExp }
  /** The route of Fastify. */
  readonly routeOptions?: { readonly url?: string }
}

/** A response of Express (and of Node.js), or a reply of Fastify. */
interface Response {
  readonly statusCode?: number
  readonly headersSent?: boolean
  readonly sent?: boolean
  setHeader?(name: string, value: string): unknown
  header?(name: string, value: string): unknown
}

/** Returns the request. */
export function requestOf(context: ExecutionContext): Request {
  return context.switchToHttp().getRequest<Request>()
}

/** Returns the status that the answer has at present; `undefined` if it is none of HTTP. */
export function statusOf(context: ExecutionContext): number | undefined {
  if (context.getType() !== 'http') return undefined
  return context.switchToHttp().getResponse<Response | undefined>()?.statusCode
}

/** Sets a header of the answer, unless it has been sent. */
export function setHeader(context: ExecutionContext, name: string, value: string | number): void {
  if (context.getType() !== 'http') return
  const response = context.switchToHttp().getResponse<Response | undefined>()
  if (response === undefined || response.headersSent === true || response.sent === true) return
  if (response.setHeader === undefined) response.header?.(name, String(value))
  else response.setHeader(name, String(value))
}
