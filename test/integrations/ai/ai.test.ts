// The AI SDK says that it needs Node.js 22. What is tested here runs on 20, too.
import {
  generateText,
  simulateReadableStream,
  streamText,
  wrapLanguageModel,
  type LanguageModelMiddleware,
} from 'ai'
import { MockLanguageModelV4 } from 'ai/test'
import { MemoryCache, OptionsError, type BaseCache } from 'cachette'
import { cacheMiddleware, type AiCacheOptions } from 'cachette/ai'
import { describe, expect, expectTypeOf, it } from 'vitest'
import { until } from '../../support/until.ts'
import { onEachEngine, onServers } from '../caches.ts'

type Model = ConstructorParameters<typeof MockLanguageModelV4>[0] & object
type Generated = Awaited<ReturnType<MockLanguageModelV4['doGenerate']>>
type Streamed = Awaited<ReturnType<MockLanguageModelV4['doStream']>>
type StreamPart = Streamed['stream'] extends ReadableStream<infer Part> ? Part : never

const usage: Generated['usage'] = {
  inputTokens: { total: 1, noCache: 1, cacheRead: 0, cacheWrite: 0 },
  outputTokens: { total: 2, text: 2, reasoning: 0 },
}
const stop: Generated['finishReason'] = { unified: 'stop', raw: 'stop' }
const failed: Generated['finishReason'] = { unified: 'error', raw: 'error' }

function partsOf(text: string, finishReason = stop): StreamPart[] {
  return [
    { type: 'stream-start', warnings: [] },
    { type: 'response-metadata', id: 'r', timestamp: new Date(5) },
    { type: 'text-start', id: '1' },
    { type: 'text-delta', id: '1', delta: text.slice(0, 3) },
    { type: 'text-delta', id: '1', delta: text.slice(3) },
    { type: 'text-end', id: '1' },
    { type: 'finish', finishReason, usage },
  ]
}

/** A model that counts its calls, behind the middleware. */
function modelOver(cache: BaseCache, options?: AiCacheOptions, of: Model = {}) {
  const state = { calls: 0 }
  const model = new MockLanguageModelV4({
    doGenerate: async () => ({
      content: [{ type: 'text', text: `answer ${++state.calls}` }],
      finishReason: stop,
      usage,
      warnings: [],
      response: { timestamp: new Date(5) },
    }),
    doStream: async () => ({
      stream: simulateReadableStream({
        chunks: partsOf(`answer ${++state.calls}`),
        chunkDelayInMs: null,
        initialDelayInMs: null,
      }),
    }),
    ...of,
  })
  const wrapped = wrapLanguageModel({ model, middleware: cacheMiddleware(cache, options) })
  const text = async (prompt: string): Promise<string> =>
    (await generateText({ model: wrapped, prompt, maxRetries: 0 })).text
  const stream = async (prompt: string): Promise<string> =>
    streamText({ model: wrapped, prompt, maxRetries: 0 }).text
  return { state, text, stream, wrapped }
}

describe('cacheMiddleware', () => {
  it('fits the AI SDK without a cast', () => {
    expectTypeOf(cacheMiddleware(new MemoryCache())).toExtend<LanguageModelMiddleware>()
  })

  it('refuses wrong arguments', () => {
    expect(() => cacheMiddleware({} as BaseCache)).toThrow('cacheMiddleware: cache: {} is not a cache')
    const cache = new MemoryCache()
    expect(() => cacheMiddleware(cache, { tll: 5 } as object)).toThrow(OptionsError)
    expect(() => cacheMiddleware(cache, { skip: 5 } as object)).toThrow(
      'cacheMiddleware: skip: 5 is not a function',
    )
  })

  onEachEngine(({ make }) => {
    it('answers a repeated request from the cache, whole and streamed apart', async () => {
      const { text, stream, state } = modelOver(await make(), { ttl: '1h' })
      const whole = await text('a')
      expect([await text('a'), state.calls]).toEqual([whole, 1])
      expect(await text('b')).not.toBe(whole)

      const streamed = await stream('a')
      await until('the stream is kept', async () => (await stream('a')) === (await stream('a')))
      expect(streamed).toMatch(/^answer \d$/)
    })

    it('shares one call among concurrent requests for a text', async () => {
      const { text, state } = modelOver(await make())
      const texts = await Promise.all(Array.from({ length: 20 }, async () => text('a')))
      expect([new Set(texts).size, state.calls]).toEqual([1, 1])
    })

    it('keeps no failed answer', async () => {
      const cache = await make()
      let calls = 0
      const of: Model = {
        doGenerate: async () => {
          if (++calls === 1) throw new Error('overloaded')
          return { content: [{ type: 'text', text: 'x' }], finishReason: failed, usage, warnings: [] }
        },
        doStream: async () => {
          calls++
          return {
            stream: simulateReadableStream({
              chunks: partsOf('answer', failed),
              chunkDelayInMs: null,
              initialDelayInMs: null,
            }),
          }
        },
      }
      const { text, stream } = modelOver(cache, {}, of)
      await expect(text('a')).rejects.toThrow('overloaded')
      await text('a')
      await text('a')
      expect(calls).toBe(3)
      await stream('a')
      await stream('a')
      expect(calls).toBe(5)
    })

    it('keeps no stream whose tag was invalidated while it ran', async () => {
      const cache = await make()
      let release!: () => void
      const held = new Promise<void>((resolve) => {
        release = resolve
      })
      let calls = 0
      const of: Model = {
        doStream: async () => {
          const parts = partsOf(`answer ${++calls}`)
          return {
            stream: new ReadableStream<StreamPart>({
              async pull(controller) {
                const part = parts.shift()
                if (part?.type === 'finish') await held
                if (part === undefined) controller.close()
                else controller.enqueue(part)
              },
            }),
          }
        },
      }
      const { stream } = modelOver(cache, { tags: ['prompts'] }, of)
      const first = stream('a')
      await until('the model was asked', () => calls === 1)
      await cache.invalidateTag('prompts')
      release()
      expect(await first).toBe('answer 1')
      expect(await stream('a')).toBe('answer 2')
    })

    it('gives every request its answer, whatever the limits of the cache for other loads are', async () => {
      const cache = (await make()).namespace('limited', {
        hardTimeout: { milliseconds: 20 },
        loadErrorTtl: '1m',
      })
      let calls = 0
      const of: Model = {
        doGenerate: async () => {
          if (++calls === 1) throw new Error('overloaded')
          await new Promise((resolve) => setTimeout(resolve, 60))
          return { content: [{ type: 'text', text: 'slow' }], finishReason: stop, usage, warnings: [] }
        },
      }
      const { text } = modelOver(cache, {}, of)
      await expect(text('a')).rejects.toThrow('overloaded')
      expect(await text('a')).toBe('slow')
      expect([await text('a'), calls]).toEqual(['slow', 2])
    })

    it('asks the model once the cache is closed', async () => {
      const cache = await make()
      const { text, stream } = modelOver(cache)
      await cache.close()
      expect([await text('a'), await stream('a')]).toEqual(['answer 1', 'answer 2'])
    })

    it('asks the model where skip says so', async () => {
      const { text, state } = modelOver(await make(), {
        skip: ({ params }) => JSON.stringify(params).includes('now'),
      })
      await text('now')
      await text('now')
      expect(state.calls).toBe(2)
    })
  })

  it('has no words of a prompt in its keys, which are logged', async () => {
    const cache = new MemoryCache()
    const { text, stream } = modelOver(cache)
    await text('my secret')
    await stream('my secret')
    const keys: string[] = []
    await until('both answers', async () => {
      keys.length = 0
      for await (const key of cache.keys()) keys.push(key)
      return keys.length === 2
    })
    expect(keys.toSorted().map((key) => key.replace(/[\da-f]{64}$/, '#'))).toEqual([
      'stream:mock-provider:mock-model-id:#',
      'text:mock-provider:mock-model-id:#',
    ])
  })

  it('gives the caller an answer that can not be stored', async () => {
    class Raw {
      readonly secret = 1
    }
    const cache = new MemoryCache({ onError: 'throw' })
    let calls = 0
    const of: Model = {
      doGenerate: async () => ({
        content: [{ type: 'text', text: `answer ${++calls}` }],
        finishReason: stop,
        usage,
        warnings: [],
        response: { body: new Raw() },
      }),
    }
    const { text } = modelOver(cache, {}, of)
    expect([await text('a'), await text('a')]).toEqual(['answer 1', 'answer 2'])
  })

  onServers(({ make, outage }) => {
    it('answers while the server is away, and keeps again afterwards', async () => {
      const { text, stream } = modelOver(await make())
      await outage(async () => {
        for (let n = 0; n < 3; n++) {
          expect(await text(`a${n}`)).toMatch(/^answer/)
          expect(await stream(`a${n}`)).toMatch(/^answer/)
        }
      })
      await until('it keeps again', async () => (await text('b')) === (await text('b')))
    })
  })
})
