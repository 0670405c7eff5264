import { readFileSync, realpathSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { readEntryPoints } from '../../tools/entry-points.ts'
import { type InstalledProject, installPackage } from './installed.ts'

const root = join(import.meta.dirname, '../..')
const entries = readEntryPoints(root)
// Entry points that need a host are tested with it in test/integrations.
const specifiers = entries.filter(({ needs }) => needs.length === 0).map(({ specifier }) => specifier)
const clean = { status: 0, errors: '' }

let user: InstalledProject

beforeAll(() => {
  user = installPackage()
})

afterAll(() => {
  user?.remove()
})

describe('the tarball', () => {
  it('holds the build and the papers, and nothing else', () => {
    const strangers = user.files.filter(
      (name) =>
        !/^(package\.json|README\.md|LICENSE|CHANGELOG\.md|dist\/.+\.([cm]?js|d\.[cm]ts))$/.test(name),
    )
    const papers = ['package.json', 'README.md', 'LICENSE', 'CHANGELOG.md']

    expect(papers.filter((name) => !user.files.includes(name))).toEqual([])
    expect(strangers).toEqual([])
  })

  it('has one bundle and one declaration of each form for every entry point', () => {
    const forms = ['.cjs', '.d.cts', '.mjs', '.d.mts']
    const own = user.files.filter((name) => /^dist\/[^/]+$/.test(name))
    const expected = [
      'dist/cli.cjs',
      ...entries.flatMap(({ name }) => forms.map((form) => `dist/${name}${form}`)),
    ]

    expect(own.toSorted()).toEqual(expected.toSorted())
    expect(entries.filter(({ name }) => !user.files.includes(`dist/esm/${name}.js`))).toEqual([])
  })

  it('is small', () => {
    const bytes = user.files.reduce((sum, name) => sum + statSync(join(user.installed, name)).size, 0)

    expect(bytes).toBeLessThan(2_500_000)
    expect(user.files.length).toBeLessThan(400)
  })

  it('names no path of the machine that built it', () => {
    const telling = user.files.filter((name) => {
      const text = readFileSync(join(user.installed, name), 'utf8')
      return text.includes(root) || text.includes('file:///')
    })

    expect(telling).toEqual([])
  })

  it('declares nothing internal, and nothing of Node.js', () => {
    const telling = user.files
      // The contract of undici names streams and buffers of Node.js.
      .filter((name) => /\.d\.[cm]ts$/.test(name) && !name.startsWith('dist/undici.'))
      .filter((name) => {
        const text = readFileSync(join(user.installed, name), 'utf8')
        const code = text.replaceAll(/\/\*[^]*?\*\//g, '')
        return text.includes('@internal') || /\bBuffer\b|\bNodeJS\.|['"]node:/.test(code)
      })

    expect(telling).toEqual([])
  })

  it('has a page in the registry whose links lead somewhere', () => {
    const readme = readFileSync(join(user.installed, 'README.md'), 'utf8')
    const manifest = JSON.parse(readFileSync(join(user.installed, 'package.json'), 'utf8')) as object
    const links = [...readme.matchAll(/\]\(([^)\s]+)\)/g)].map(([, target]) => target!)

    expect(manifest).toMatchObject({
      homepage: expect.stringMatching(/^https:/),
      bugs: expect.stringMatching(/^https:/),
      repository: { type: 'git', url: expect.stringMatching(/^git\+https:/) },
    })
    expect(links.length).toBeGreaterThan(10)
    expect(links.filter((target) => !/^(https:|#)/.test(target))).toEqual([])
  })
})

describe.each(specifiers)('%s', (specifier) => {
  it('imports as a module, silently', async () => {
    user.write('import.mjs', `import * as it from '${specifier}'\nconsole.log(Object.keys(it).length)\n`)

    const { output, ...rest } = await user.node(['import.mjs'])

    expect(rest).toEqual(clean)
    expect(Number(output)).toBeGreaterThan(0)
  })

  it('is required from CommonJS, silently, and is the same as what is imported', async () => {
    user.write(
      'require.cjs',
      `const it = require('${specifier}')
      import('${specifier}').then((same) => {
        const names = Object.keys(same).filter((name) => name !== 'default' && name !== 'module.exports')
        console.log(names.length === Object.keys(it).length, names.every((name) => it[name] === same[name]))
      })`,
    )

    const { output, ...rest } = await user.node(['require.cjs'])

    expect(rest).toEqual(clean)
    expect(output).toBe('true true\n')
  })

  it('loads nothing but its own files and modules of Node', async () => {
    user.copy('loaded.mjs')
    const own = pathToFileURL(join(realpathSync(user.installed), 'dist/')).href

    const { output, ...rest } = await user.node(['loaded.mjs', specifier])
    const urls = output.trimEnd().split('\n')

    expect(rest).toEqual(clean)
    expect(urls.filter((url) => url.startsWith(own)).length).toBeGreaterThan(0)
    expect(urls.filter((url) => !url.startsWith(own) && !url.startsWith('node:'))).toEqual([])
  })
})

describe('the program', () => {
  it('runs as it is installed, with the packages that it needs in its file', async () => {
    const program = join(user.installed, 'dist/cli.cjs')
    const { version } = JSON.parse(readFileSync(join(user.installed, 'package.json'), 'utf8')) as {
      readonly version: string
    }

    expect(await user.node([program, '--version'])).toEqual({ ...clean, output: `${version}\n` })
    expect((await user.node([program, 'keys', '--help'])).output).toContain('Usage: cachette keys')
    const trace = join(root, 'examples/city-guide.trace')
    expect((await user.node([program, 'simulate', trace, '--sizes', '100'])).output).toContain(
      '100\tCachette\t96.5 %',
    )
  })
})

describe('a memory-only user', () => {
  it('loads no Redis code', async () => {
    user.copy('loaded.mjs')

    const { output } = await user.node(['loaded.mjs', 'cachette'])

    expect(output).toContain('/dist/index.cjs')
    expect(output).not.toMatch(/redis/)
  })
})

describe('a process that loads both forms', () => {
  it('has one of each class, one registry and one state', async () => {
    user.write(
      'library.cjs',
      `module.exports = Object.assign({}, ${specifiers.map((it) => `require('${it}')`).join()})`,
    )
    user.write(
      'service.mjs',
      `import { BaseCache, MemoryCache, TieredCache, KeyError, isCacheError } from 'cachette'
      import { Lock } from 'cachette/lock'
      import { register } from 'cachette/serialization'
      import library from './library.cjs'

      const error = await new library.MemoryCache().get(7).catch((error) => error)
      class Money { constructor(cents) { this.cents = cents } }
      register(Money, { name: 'Money', encode: ({ cents }) => cents, decode: (cents) => new Money(cents) })
      const cache = new library.MemoryCache()
      await cache.set('price', new Money(5))
      const held = await new library.Lock(cache, 'work').acquire()
      console.log(JSON.stringify({
        base: library.BaseCache === BaseCache && new library.MemoryCache() instanceof BaseCache,
        error: error instanceof KeyError && isCacheError(error) && library.isCacheError(error),
        registry: (await cache.get('price')) instanceof Money,
        state: (await new Lock(cache, 'work').tryAcquire()) === undefined,
      }))
      await held.release()`,
    )

    const { output, ...rest } = await user.node(['service.mjs'])

    expect(rest).toEqual(clean)
    expect(JSON.parse(output)).toEqual({ base: true, error: true, registry: true, state: true })
  })

  it('recognises errors of another copy of the package', async () => {
    user.write(
      'copies.mjs',
      `import { createRequire } from 'node:module'
      import { isCacheError, MemoryCache } from 'cachette'
      const require = createRequire(import.meta.url)
      const before = require('cachette')
      for (const path of Object.keys(require.cache)) delete require.cache[path]
      const other = require('cachette')
      const error = await new other.MemoryCache().get(7).catch((error) => error)
      console.log(other.MemoryCache !== MemoryCache, isCacheError(error), error.code)`,
    )

    expect(await user.node(['copies.mjs'])).toEqual({ ...clean, output: 'true true ERR_CACHE_KEY\n' })
  })
})
