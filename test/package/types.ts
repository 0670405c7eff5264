import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { readEntryPoints } from '../../tools/entry-points.ts'
import { type InstalledProject, installPackage, listCompilers, type Printed } from './installed.ts'

/** A way in which users compile: the files, the options, and the releases of TypeScript that know it. */
interface Way {
  readonly name: string
  readonly files: readonly string[]
  readonly options: (version: string) => object
  readonly since?: Release
  readonly until?: Release
}

type Release = readonly [major: number, minor: number]

const FIRST: Release = [5, 4]
const LAST: Release = [7, 99]

const BOTH = ['consumer.ts', 'consumer.cts']

const WAYS: readonly Way[] = [
  // Both forms at once, because a compiler takes seconds to begin.
  { name: 'nodenext', files: BOTH, options: () => ({ module: 'nodenext' }) },
  { name: 'node16', files: BOTH, options: () => ({ module: 'node16' }) },
  { name: 'node18', files: BOTH, options: () => ({ module: 'node18' }), since: [5, 8] },
  { name: 'node20', files: BOTH, options: () => ({ module: 'node20' }), since: [5, 9] },
  {
    name: 'bundler',
    files: ['consumer.ts'],
    options: () => ({ module: 'esnext', moduleResolution: 'bundler' }),
  },
  {
    name: 'commonjs with node10',
    files: ['consumer.ts'],
    options: (version) => ({
      module: 'commonjs',
      moduleResolution: 'node10',
      ...(isAtLeast(version, [6, 0]) && { ignoreDeprecations: '6.0' }),
    }),
    until: [6, 0],
  },
  {
    name: 'commonjs with bundler',
    files: ['consumer.ts'],
    options: () => ({ module: 'commonjs', moduleResolution: 'bundler' }),
    since: [6, 0],
  },
]

const STRICT = {
  strict: true,
  exactOptionalPropertyTypes: true,
  skipLibCheck: false,
  noEmit: true,
  target: 'es2022',
  lib: ['es2023', 'esnext.disposable'],
  types: ['node'],
}

// The declarations for Nest import Nest's own, and the contract of undici names streams of Node.js. Those of the AI SDK
// and of Next.js name streams of the web, which are in the types of Node.js and of the DOM.
const ENTRIES = readEntryPoints(fileURLToPath(new URL('../..', import.meta.url))).filter(
  ({ name, needs }) => needs.length === 0 && name !== 'undici',
)
const WITH_STREAMS: ReadonlySet<string> = new Set(['ai', 'next'])
const BARE = ENTRIES.filter(({ name }) => !WITH_STREAMS.has(name))

/** Tests the declarations of the package with the compilers of some releases. Each test file has releases of its own. */
export function describeTypes(isOfPart: (version: string) => boolean): void {
  const compilers = listCompilers().filter(([version]) => isOfPart(version))
  describe.each(compilers)('TypeScript %s', (version, compiler) => {
    let user: InstalledProject

    beforeAll(() => {
      user = installPackage()
      user.linkNodeTypes()
      user.copy('consumer.ts', 'decorators.ts')
      user.copyAs('consumer.ts', 'consumer.cts')
    })

    afterAll(() => {
      user?.remove()
    })

    for (const { name, files, options, since = FIRST, until = LAST } of WAYS) {
      if (!isAtLeast(version, since) || !isAtMost(version, until)) continue
      it(`accepts a consumer with ${name}`, async () => {
        expect(await compile(files, { ...STRICT, ...options(version) })).toEqual(clean)
      })
    }

    it.each([
      ['TC39', false],
      ['legacy', true],
    ])('accepts decorators in %s form', async (_, experimentalDecorators) => {
      const options = { ...STRICT, experimentalDecorators, module: 'nodenext' }

      expect(await compile(['decorators.ts'], options)).toEqual(clean)
    })

    it('still finds a planted error, and use of the inside', async () => {
      user.write(
        'wrong.ts',
        `import { MemoryCache } from 'cachette'
      import { BoundedMap } from 'cachette/memory'
      new MemoryCache().gett('key')
      new BoundedMap().put('key', 1, 1)`,
      )

      const { status, output } = await compile(['wrong.ts'], { ...STRICT, module: 'nodenext' })

      expect(status).not.toBe(0)
      expect(output).toContain(`Property 'gett' does not exist`)
      expect(output).toContain(`Property 'put' does not exist`)
    })

    it('takes a cache of an ES module in CommonJS, and the other way round', async () => {
      user.write(
        'made.mts',
        `import { MemoryCache } from 'cachette'\nexport const made = new MemoryCache<number>()`,
      )
      user.write(
        'taken.cts',
        `import type { MemoryCache } from 'cachette'
      import type { made as Made } from './made.mjs' with { 'resolution-mode': 'import' }
      export function take(cache: MemoryCache<number>, other: typeof Made): MemoryCache<number>[] {
        return [cache, other]
      }`,
      )

      expect(await compile(['taken.cts'], { ...STRICT, module: 'nodenext' })).toEqual(clean)
    })

    it('needs neither the types of Node.js nor those of the DOM', async () => {
      const names = BARE.map(({ name }) => name)
      user.write(
        'bare.ts',
        `import { createCache, type CreateCacheOptions, MemoryCache } from 'cachette'
      ${BARE.map(({ name, specifier }) => `import * as ${name} from '${specifier}'`).join('\n')}
      export const options: CreateCacheOptions = { ttl: '30m', redis: undefined }
      export const cache = createCache<number>(options)
      export const count: Promise<unknown> = new MemoryCache<number>().get('count')
      export default [${names.join(', ')}]`,
      )

      const bare = { ...STRICT, module: 'nodenext', lib: ['es2022'], types: [] }

      expect(await compile(['bare.ts'], bare)).toEqual(clean)
    })

    it('needs the types of the DOM or of Node.js where an adapter names streams, and not both', async () => {
      const streaming = ENTRIES.filter(({ name }) => WITH_STREAMS.has(name))
      const imports = streaming.map(({ name, specifier }) => `export * as ${name} from '${specifier}'`)
      user.write('streams.ts', imports.join('\n'))

      const dom = { ...STRICT, module: 'nodenext', lib: ['es2022', 'dom'], types: [] }
      const node = { ...STRICT, module: 'nodenext' }

      expect(await compile(['streams.ts'], dom)).toEqual(clean)
      expect(await compile(['streams.ts'], node)).toEqual(clean)
    })

    async function compile(files: readonly string[], compilerOptions: object): Promise<Printed> {
      user.write('tsconfig.json', JSON.stringify({ compilerOptions, files }))
      return user.node([compiler, '-p', 'tsconfig.json'])
    }
  })
}

const clean = { status: 0, output: '', errors: '' }

function isAtLeast(version: string, [major, minor]: Release): boolean {
  const [ours = 0, theirs = 0] = version.split('.').map(Number)
  return ours > major || (ours === major && theirs >= minor)
}

function isAtMost(version: string, [major, minor]: Release): boolean {
  const [ours = 0, theirs = 0] = version.split('.').map(Number)
  return ours < major || (ours === major && theirs <= minor)
}
