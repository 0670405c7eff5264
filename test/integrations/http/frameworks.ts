// Servers of the three frameworks with the same pages.
import type { AddressInfo } from 'node:net'
import { Readable } from 'node:stream'
import { serve } from '@hono/node-server'
import type { BaseCache } from 'cachette'
import { responseCache as forExpress } from 'cachette/express'
import { responseCache as forFastify } from 'cachette/fastify'
import { responseCache as forHono } from 'cachette/hono'
import type { ResponseCacheOptions } from 'cachette/http'
import express from 'express'
import Fastify from 'fastify'
import { Hono } from 'hono'

/** A page of the test. */
export interface Page {
  readonly status?: number
  readonly headers: Readonly<Record<string, string>>
  readonly body: string
  /** Whether it is sent in two parts. */
  readonly streams?: boolean
}

/** Makes the page of a request, by its path and its user. */
export type Pages = (path: string, user: string | undefined) => Page | Promise<Page>

/** A server that runs. */
export interface RunningServer {
  readonly url: string
  close(): Promise<void>
}

/** Starts a server of a framework with a cache. */
export type Start = (cache: BaseCache, pages: Pages, options?: ResponseCacheOptions) => Promise<RunningServer>

const parts = (body: string): string[] => [body.slice(0, 2), body.slice(2)]

export const FRAMEWORKS: readonly (readonly [name: string, start: Start])[] = [
  [
    'Express 5',
    async (cache, pages, options) => {
      const app = express()
      app.use(forExpress(cache, options))
      app.use(async (request, response) => {
        const page = await pages(request.originalUrl, request.get('authorization'))
        response.status(page.status ?? 200).set(page.headers)
        if (page.streams === true) Readable.from(parts(page.body)).pipe(response)
        else response.send(page.body)
      })
      const server = app.listen(0, '127.0.0.1')
      await new Promise((resolve) => server.once('listening', resolve))
      return {
        url: urlOf(server.address()),
        close: async () => {
          server.closeAllConnections()
          await new Promise((resolve) => server.close(resolve))
        },
      }
    },
  ],
  [
    'Fastify 5',
    async (cache, pages, options) => {
      const app = Fastify({ forceCloseConnections: true })
      app.addHook('onRequest', forFastify(cache, options))
      app.all('/*', async (request, reply) => {
        const page = await pages(request.originalUrl, request.headers.authorization)
        reply.code(page.status ?? 200).headers(page.headers)
        return reply.send(page.streams === true ? Readable.from(parts(page.body)) : page.body)
      })
      await app.listen({ port: 0, host: '127.0.0.1' })
      return { url: urlOf(app.server.address()), close: async () => app.close() }
    },
  ],
  [
    'Hono 4',
    async (cache, pages, options) => {
      const app = new Hono()
      app.use(forHono(cache, { ...options, app }))
      app.all('*', async (context) => {
        const { pathname, search } = new URL(context.req.url)
        const page = await pages(pathname + search, context.req.header('authorization'))
        const body = page.streams === true ? streamOf(page.body) : page.body
        return new Response(body, { status: page.status ?? 200, headers: page.headers })
      })
      const server = serve({ fetch: app.fetch, port: 0, hostname: '127.0.0.1' })
      await new Promise((resolve) => server.once('listening', resolve))
      return {
        url: urlOf(server.address()),
        close: async () => {
          if ('closeAllConnections' in server) server.closeAllConnections()
          await new Promise((resolve) => server.close(resolve))
        },
      }
    },
  ],
]

function streamOf(body: string): ReadableStream<Uint8Array> {
  return new ReadableStream({
    start(controller) {
      for (const part of parts(body)) controller.enqueue(new TextEncoder().encode(part))
      controller.close()
    },
  })
}

function urlOf(address: AddressInfo | string | null): string {
  return `http://127.0.0.1:${(address as AddressInfo).port}`
}
