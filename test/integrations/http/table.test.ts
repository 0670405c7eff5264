import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { MemoryCache, silentLogger } from 'cachette'
import { ResponseCache } from 'cachette/http'
import { FakeClock } from 'cachette/testing'
import { describe, expect, it } from 'vitest'
import { renderTable, TABLE, type Answer, type Asked } from './table.ts'

describe('requests of RFC 9111 and RFC 5861', () => {
  it('are at least 60', () => {
    expect(TABLE.length).toBeGreaterThanOrEqual(60)
  })

  it.each(TABLE)(
    '$rfc: $rule',
    async ({ first = {}, second = {}, answer, answer2 = answer, after = 0, ...row }) => {
      const clock = new FakeClock()
      const cache = new MemoryCache({ clock, logger: silentLogger })
      const responses = new ResponseCache(cache)
      let present = answer
      const ask = async (asked: Asked): Promise<Response> =>
        responses.handle(requestOf(asked), async () => {
          if (present.throws === true) throw new Error('the handler fails')
          return responseOf(present)
        })
      const one = await ask(first)
      await one.arrayBuffer()
      await settle()
      await clock.advance(after)
      present = answer2
      let two = await ask(second)
      if (second.path === 'then GET') {
        await two.arrayBuffer()
        present = answer
        two = await ask({})
      }
      const statuses = [one, two].map((response) => response.headers.get('cache-status'))
      expect(statuses).toEqual([`Cachette; ${row.status1}`, `Cachette; ${row.status2}`])
      expect(two.status).toBe(row.code2 ?? 200)
      await two.arrayBuffer()
      await settle()
      await cache.close()
    },
  )

  it('are those that docs/http.md shows', () => {
    const page = readFileSync(join(import.meta.dirname, '../../../docs/http.md'), 'utf8')
    expect(page).toContain(renderTable())
  })
})

function requestOf({ method = 'GET', headers = {} }: Asked): Request {
  return new Request('http://example.test/a', { method, headers })
}

function responseOf({ status = 200, headers = {} }: Answer): Response {
  return new Response(status === 304 ? null : 'the body', { status, headers })
}

async function settle(): Promise<void> {
  for (let turn = 0; turn < 5; turn++) await new Promise((resolve) => setImmediate(resolve))
}
