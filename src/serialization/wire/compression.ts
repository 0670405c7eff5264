import * as zlib from 'node:zlib'
import { OptionsError } from '../../core/errors.ts'
import { inspect } from '../../core/logging/inspect.ts'
import { checkReadable } from '../../options/checks.ts'
import { checkChoice } from '../../options/options.ts'
import type { Compression } from './stages.ts'
import { corrupt } from './unreadable.ts'

/** Ways to compress that frames know. */
export type Codec = 'zstd' | 'brotli' | 'gzip'

/** Options of {@link compression}. */
export interface CompressionOptions {
  /**
   * The codec for new entries. All codecs that this process has are read. If processes have several versions of Node,
   * name `'brotli'`, because an older one can't read zstd. `'none'` reads only.
   *
   * @default 'zstd' where Node has it (22.15 and later), else 'brotli'
   */
  readonly codec?: Codec | 'none' | undefined
  /** The number of bytes from which on a body is compressed. @default 2,048 */
  readonly threshold?: number | undefined
}

interface Method {
  compress(body: Uint8Array): Buffer
  decompress(body: Uint8Array, options: { maxOutputLength: number }): Buffer
}

/** The part of node:zlib that Node 20 lacks. */
interface Zstd {
  readonly zstdCompressSync?: (body: Uint8Array, options: { params: Record<number, number> }) => Buffer
  readonly zstdDecompressSync?: (body: Uint8Array, options: { maxOutputLength: number }) => Buffer
  readonly constants: { readonly ZSTD_c_compressionLevel?: number }
}

const { zstdCompressSync, zstdDecompressSync, constants } = zlib as Zstd
const { BROTLI_PARAM_QUALITY, BROTLI_PARAM_SIZE_HINT } = zlib.constants

/** The largest share of the bytes at which a compressed body is kept. */
const worthwhile = 0.9

// The fastest level of each, because the next ones double the time for a few percent (docs/decisions have the figures).
const methods: { readonly [name in Codec]?: Method } = {
  ...(zstdCompressSync === undefined || zstdDecompressSync === undefined
    ? {}
    : {
        zstd: {
          compress: (body) =>
            zstdCompressSync(body, { params: { [constants.ZSTD_c_compressionLevel ?? 100]: 1 } }),
          decompress: zstdDecompressSync,
        },
      }),
  brotli: {
    compress: (body) =>
      zlib.brotliCompressSync(body, {
        params: { [BROTLI_PARAM_QUALITY]: 1, [BROTLI_PARAM_SIZE_HINT]: body.length },
      }),
    decompress: (body, options) => zlib.brotliDecompressSync(body, options),
  },
  gzip: {
    compress: (body) => zlib.gzipSync(body, { level: 1 }),
    decompress: (body, options) => zlib.gunzipSync(body, options),
  },
}

/**
 * Compresses bodies of 2 KB and more, for the option `compression` of a cache or {@link WireFormat}. It works in the
 * calling thread, for about as long as JSON takes for the same value. Throws OptionsError for a codec that Node lacks.
 */
export function compression(options: CompressionOptions = {}): Compression {
  checkReadable(options, 'compression')
  const { codec = methods.zstd === undefined ? 'brotli' : 'zstd', threshold = 2_048 } = options
  if (!Number.isSafeInteger(threshold) || threshold < 0) {
    throw new OptionsError(`threshold must be a whole number of bytes, not ${inspect(threshold)}`)
  }
  checkChoice(codec, ['zstd', 'brotli', 'gzip', 'none'], 'compression: codec')
  const method = codec === 'none' ? undefined : methods[codec]
  if (codec !== 'none' && method === undefined)
    throw new OptionsError(`this Node can't compress with ${codec}`)
  return {
    threshold: codec === 'none' ? Infinity : threshold,
    compress(body) {
      if (codec === 'none' || method === undefined || body.length < threshold) return undefined
      const bytes = method.compress(body)
      return bytes.length > body.length * worthwhile ? undefined : { codec, bytes, length: body.length }
    },
    decompress(name, body, length) {
      // One byte more than announced is enough to see that the announcement is wrong. A bomb gets no further.
      return methods[name] === undefined ? undefined : inflate(methods[name], body, length + 1)
    },
  }
}

function inflate(method: Method, body: Uint8Array, maxOutputLength: number): Buffer {
  try {
    return method.decompress(body, { maxOutputLength })
  } catch {
    return corrupt('a compressed body')
  }
}
