import { readFileSync, realpathSync } from 'node:fs'
import { dirname, join, normalize } from 'node:path'
import { pathToFileURL } from 'node:url'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { readEntryPoints } from '../../tools/entry-points.ts'
import { type InstalledProject, installPackage, listCompilers } from './installed.ts'

const root = join(import.meta.dirname, '../..')
const specifiers = readEntryPoints(root).map((entry) => entry.specifier)
const clean = { status: 0, errors: '' }

interface SourceMap {
  readonly sourceRoot?: string
  readonly sources: readonly string[]
}

let user: InstalledProject

beforeAll(() => {
  user = installPackage()
})

afterAll(() => {
  user?.remove()
})

describe('the tarball', () => {
  it('holds the build, its sources and the papers, and nothing else', () => {
    const strangers = user.files.filter(
      (name) => !/^(package\.json|README\.md|LICENSE|CHANGELOG\.md|(src|dist)\/.+)$/.test(name),
    )

    const papers = ['package.json', 'README.md', 'LICENSE', 'CHANGELOG.md']

    expect(papers.filter((name) => !user.files.includes(name))).toEqual([])
    expect(user.files.some((name) => name.startsWith('dist/'))).toBe(true)
    expect(strangers).toEqual([])
  })

  it('holds no tests and no benchmarks', () => {
    expect(
      user.files.filter((name) => /(^|\/)(test|tests|bench|demo|examples)\/|\.test\./.test(name)),
    ).toEqual([])
  })

  it('names no path of the machine that built it', () => {
    const telling = user.files.filter((name) => {
      const text = readFileSync(join(user.installed, name), 'utf8')
      return text.includes(root) || text.includes('file:///')
    })

    expect(telling).toEqual([])
  })

  it('has maps whose sources are in it, by relative paths', () => {
    const maps = user.files.filter((name) => name.endsWith('.map'))
    const sources = maps.flatMap((name) => {
      const map = JSON.parse(readFileSync(join(user.installed, name), 'utf8')) as SourceMap
      return map.sources.map((source) => normalize(join(dirname(name), map.sourceRoot ?? '', source)))
    })

    expect(maps.some((name) => name.endsWith('.d.ts.map'))).toBe(true)
    expect(maps.some((name) => name.endsWith('.js.map'))).toBe(true)
    expect(sources.length).toBe(maps.length)
    expect(sources.filter((source) => !user.files.includes(source))).toEqual([])
  })
})

describe.each(specifiers)('%s', (specifier) => {
  it('imports as a module, silently', () => {
    user.write('import.mjs', `import * as it from '${specifier}'\nconsole.log(Object.keys(it).length)\n`)

    const { output, ...rest } = user.node('import.mjs')

    expect(rest).toEqual(clean)
    expect(Number(output)).toBeGreaterThan(0)
  })

  it('is required from CommonJS, silently, and is the same module', () => {
    user.write(
      'require.cjs',
      `const it = require('${specifier}')
      import('${specifier}').then((same) => {
        console.log(Object.keys(it).length, Object.keys(it).every((name) => it[name] === same[name]))
      })`,
    )

    const { output, ...rest } = user.node('require.cjs')

    expect(rest).toEqual(clean)
    expect(output).toMatch(/^[1-9]\d* true\n$/)
  })

  it('loads nothing but its own files and modules of Node', () => {
    user.copy('loaded.mjs')
    const own = pathToFileURL(join(realpathSync(user.installed), 'dist/')).href

    const { output, ...rest } = user.node('loaded.mjs', specifier)
    const urls = output.trimEnd().split('\n')

    expect(rest).toEqual(clean)
    expect(urls.filter((url) => url.startsWith(own)).length).toBeGreaterThan(0)
    expect(urls.filter((url) => !url.startsWith(own) && !url.startsWith('node:'))).toEqual([])
  })
})

describe('a memory-only user', () => {
  it('loads no Redis code', () => {
    user.copy('loaded.mjs')

    const { output } = user.node('loaded.mjs', 'cachette')

    expect(output).toContain('/dist/index.js')
    expect(output).not.toContain('/dist/redis/')
  })
})

describe.each(listCompilers())('TypeScript %s', (version, compiler) => {
  const strict = {
    strict: true,
    exactOptionalPropertyTypes: true,
    skipLibCheck: false,
    noEmit: true,
    target: 'es2022',
    lib: ['es2023', 'esnext.disposable'],
    types: ['node'],
  }

  beforeAll(() => {
    user.copy('consumer.ts')
  })

  it.each([
    ['nodenext', 'nodenext'],
    ['bundler', 'esnext'],
  ])('accepts a consumer with %s resolution', (moduleResolution, module) => {
    expect(compile('consumer.ts', { ...strict, module, moduleResolution })).toEqual({
      ...clean,
      output: '',
    })
  })

  // Before 5.8 the compiler knew nothing of require() of modules.
  if (atLeast(version, 5, 8)) {
    it('accepts a consumer in CommonJS', () => {
      user.write(
        'consumer.cts',
        `import cachette = require('cachette')
        import memory = require('cachette/memory')
        const cache: cachette.MemoryCache<number> = new memory.MemoryCache<number>()
        const answer: Promise<number | undefined> = cache.get('answer')
        export = answer`,
      )
      const options = { ...strict, module: 'nodenext', moduleResolution: 'nodenext' }

      expect(compile('consumer.cts', options)).toEqual({ ...clean, output: '' })
    })
  }

  it.each([
    ['TC39', false],
    ['legacy', true],
  ])('accepts decorators in %s form', (_, experimentalDecorators) => {
    user.copy('decorators.ts')
    const options = { ...strict, experimentalDecorators, module: 'nodenext', moduleResolution: 'nodenext' }

    expect(compile('decorators.ts', options)).toEqual({ ...clean, output: '' })
  })

  it('still finds a planted error, and use of the inside', () => {
    user.write(
      'wrong.ts',
      `import { MemoryCache } from 'cachette'
      import { BoundedMap } from 'cachette/memory'
      new MemoryCache().gett('key')
      new BoundedMap().put('key', 1, 1)`,
    )

    const { status, output } = compile('wrong.ts', {
      ...strict,
      module: 'nodenext',
      moduleResolution: 'nodenext',
    })

    expect(status).not.toBe(0)
    expect(output).toContain(`Property 'gett' does not exist`)
    expect(output).toContain(`Property 'put' does not exist`)
  })

  function compile(file: string, compilerOptions: object): ReturnType<InstalledProject['node']> {
    user.write('tsconfig.json', JSON.stringify({ compilerOptions, files: [file] }))
    return user.node(compiler, '-p', 'tsconfig.json')
  }
})

function atLeast(version: string, major: number, minor: number): boolean {
  const [ours = 0, theirs = 0] = version.split('.').map(Number)
  return ours > major || (ours === major && theirs >= minor)
}
