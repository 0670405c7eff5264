// Methods of one URL: of several versions, of several hosts, and for requests of several users.
import {
  Controller,
  Get,
  Headers,
  HostParam,
  UseInterceptors,
  Version,
  VERSION_NEUTRAL,
  VersioningType,
} from '@nestjs/common'
import type { VersioningOptions } from '@nestjs/common'
import { Test } from '@nestjs/testing'
import { MemoryCache } from 'cachette'
import { Cache, CacheInterceptor, CachetteModule } from 'cachette/nestjs'
import { request } from 'node:http'
import type { AddressInfo } from 'node:net'
import { expect, it, onTestFinished } from 'vitest'
import { start } from './app.ts'

@Controller({ path: 'cats', version: '1' })
@UseInterceptors(CacheInterceptor)
class CatsOne {
  @Get(':id')
  one(): string {
    return 'one'
  }

  @Version(['2', '3'])
  @Get(':id')
  two(): string {
    return 'two'
  }
}

@Controller({ path: 'cats', version: VERSION_NEUTRAL })
@UseInterceptors(CacheInterceptor)
class CatsNeutral {
  @Get(':id')
  neutral(): string {
    return 'neutral'
  }
}

async function versioned(versioning: VersioningOptions) {
  const module = await Test.createTestingModule({
    imports: [CachetteModule.forRoot({ cache: new MemoryCache() })],
    controllers: [CatsOne, CatsNeutral],
  }).compile()
  const app = module.createNestApplication({ logger: false })
  app.enableVersioning(versioning)
  await app.listen(0, '127.0.0.1')
  onTestFinished(async () => app.close())
  const { port } = (app.getHttpServer() as { address(): AddressInfo }).address()
  const get = async (path: string, headers: Record<string, string> = {}): Promise<string> => {
    const response = await fetch(`http://127.0.0.1:${port}${path}`, { headers })
    return `${await response.text()} ${response.headers.get('x-cache')}`
  }
  return { get, manager: app.get(Cache) }
}

it('the answers of versions that a header tells are kept apart', async () => {
  const { get } = await versioned({ type: VersioningType.HEADER, header: 'X-Version' })
  for (const told of ['MISS', 'HIT']) {
    for (const [version, text] of [
      ['1', 'one'],
      ['2', 'two'],
      ['3', 'two'],
    ] as const)
      expect(await get('/cats/v1', { 'X-Version': version })).toMatch(new RegExp(`^${text} `))
    expect(await get('/cats/v1', { 'X-Version': '1' })).toBe('one HIT')
    expect(await get('/cats/v1')).toBe(`neutral ${told}`)
  }
})

it('the answers of versions in the URL are kept by the URL', async () => {
  const { get, manager } = await versioned({ type: VersioningType.URI })
  expect([await get('/v1/cats/7'), await get('/v2/cats/7')]).toEqual(['one MISS', 'two MISS'])
  expect((await manager.keys()).toSorted()).toEqual(['/v1/cats/7', '/v2/cats/7'])
})

@Controller({ path: 'shop', host: ':name.example' })
@UseInterceptors(CacheInterceptor)
class Shops {
  @Get()
  shop(@HostParam('name') name: string): string {
    return name
  }
}

@Controller('own')
@UseInterceptors(CacheInterceptor)
class Own {
  @Get()
  own(@Headers('cookie') cookie = 'nobody'): string {
    return cookie
  }
}

it('the answers of hosts are kept apart if the host is a part of the route', async () => {
  const { app } = await start({
    imports: [CachetteModule.forRoot({ cache: new MemoryCache() })],
    controllers: [Shops],
  })
  const { port } = (app.getHttpServer() as { address(): AddressInfo }).address()
  // Not by fetch, which sets the header itself.
  const get = async (host: string): Promise<string> =>
    new Promise((resolve, reject) => {
      const asked = request({ port, host: '127.0.0.1', path: '/shop', headers: { host } }, (response) => {
        let text = ''
        response.setEncoding('utf8')
        response.on('data', (chunk: string) => (text += chunk))
        response.on('end', () => resolve(`${text} ${String(response.headers['x-cache'])}`))
      })
      asked.on('error', reject)
      asked.end()
    })
  expect([await get('ada.example'), await get('bob.example')]).toEqual(['ada MISS', 'bob MISS'])
  expect([await get('ada.example'), await get('bob.example')]).toEqual(['ada HIT', 'bob HIT'])
})

it('a request with cookies is not kept by its URL, because its answer may be for one user', async () => {
  const { get } = await start({
    imports: [CachetteModule.forRoot({ cache: new MemoryCache() })],
    controllers: [Own],
  })
  const by = async (cookie?: string) => {
    const { body, headers } = await get('/own', cookie === undefined ? {} : { headers: { cookie } })
    return `${body} ${headers.get('x-cache')}`
  }
  expect([await by('sid=ada'), await by('sid=bob')]).toEqual(['sid=ada null', 'sid=bob null'])
  expect([await by(), await by(), await by('sid=ada')]).toEqual(['nobody MISS', 'nobody HIT', 'sid=ada null'])
})
