import { renameSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { readEntryPoints } from '../../tools/entry-points.ts'
import { findServers, startRedis, type RedisServer } from '../real/servers/index.ts'
import { type InstalledProject, installPackage } from './installed.ts'

// Adapters that import their host are bundled with it.
const entries = readEntryPoints(fileURLToPath(new URL('../..', import.meta.url))).filter(
  ({ needs }) => needs.length === 0,
)
const names = entries.map(({ name }) => (name === 'index' ? 'cachette' : name))

const PROGRAM = `${names.map((name, index) => `import * as ${name} from '${entries[index]!.specifier}'`).join('\n')}
import trial from './trial.cjs'
const url = process.env.TRIAL_URL
const none = process.argv[2] === 'none'
trial({ ${names.join(', ')} }, none ? undefined : url)
  .then((answer) => none ? cachette.createCache({ redis: 'redis://127.0.0.1:1' }) : answer)
  .then(console.log, (error) => console.log(error.message))
`

/** A bundler: the script that builds program.mjs as its documentation has it for Node.js, and the bundle. */
interface Bundler {
  readonly packages: readonly string[]
  readonly script: string
  readonly bundle: string
}

const BUNDLERS: Readonly<Record<string, Bundler>> = {
  esbuild: {
    packages: ['esbuild'],
    bundle: 'out/program.cjs',
    script: `import { build } from 'esbuild'
      await build({ entryPoints: ['program.mjs'], outfile: 'out/program.cjs', bundle: true, platform: 'node' })`,
  },
  'esbuild with conditions of its user': {
    packages: ['esbuild'],
    bundle: 'out/program.cjs',
    script: `import { build } from 'esbuild'
      await build({
        entryPoints: ['program.mjs'], outfile: 'out/program.cjs', bundle: true, platform: 'node', conditions: ['own'],
      })`,
  },
  'esbuild to ES modules': {
    packages: ['esbuild'],
    bundle: 'out/program.mjs',
    script: `import { build } from 'esbuild'
      const banner = { js: "import { createRequire } from 'node:module'; const require = createRequire(import.meta.url)" }
      await build({
        entryPoints: ['program.mjs'], outdir: 'out', bundle: true, platform: 'node', format: 'esm', splitting: true,
        outExtension: { '.js': '.mjs' }, banner,
      })`,
  },
  webpack: {
    packages: ['webpack'],
    bundle: 'out/program.cjs',
    script: `import webpack from 'webpack'
      const output = { path: process.cwd() + '/out', filename: 'program.cjs' }
      const options = { mode: 'development', devtool: false, target: 'node', entry: './program.mjs', output }
      const stats = await new Promise((resolve, reject) =>
        webpack(options, (error, done) => (error ? reject(error) : resolve(done))))
      if (stats.hasErrors()) throw new Error(stats.toString())`,
  },
  Rollup: {
    packages: ['rollup', '@rollup/plugin-commonjs', '@rollup/plugin-node-resolve', '@rollup/plugin-json'],
    bundle: 'out/program.mjs',
    script: `import { rollup } from 'rollup'
      import commonjs from '@rollup/plugin-commonjs'
      import json from '@rollup/plugin-json'
      import nodeResolve from '@rollup/plugin-node-resolve'
      const plugins = [nodeResolve({ preferBuiltins: true }), commonjs(), json()]
      const bundle = await rollup({ input: 'program.mjs', plugins, onLog() {} })
      const [entryFileNames, chunkFileNames] = ['[name].mjs', '[name]-[hash].mjs']
      await bundle.write({ dir: 'out', format: 'es', entryFileNames, chunkFileNames })`,
  },
}

let server: RedisServer | undefined
let user: InstalledProject | undefined

beforeAll(async () => {
  if (findServers().program !== undefined) server = await startRedis()
  else if (process.env['CI'] === 'true') throw new Error('there is no Redis server to test with')
})

afterAll(async () => {
  await server?.[Symbol.asyncDispose]()
})

afterEach(() => {
  user?.remove()
})

describe.each(Object.keys(BUNDLERS))('a bundle by %s', (name) => {
  it.each(['redis', 'ioredis'])('holds %s, the only client that is installed', async (client) => {
    expect(await play(BUNDLERS[name]!, client)).toBe('all is well\n')
  })

  it('is made without a client, and names it when it is needed', async () => {
    const output = await play(BUNDLERS[name]!)

    expect(output).toContain('no client for Redis is installed')
    expect(output).toContain('bundler')
  })
})

async function play({ packages, script, bundle }: Bundler, client?: string): Promise<string> {
  user = installPackage()
  user.link(...packages, ...(client === undefined ? [] : [client]))
  user.copy('trial.cjs')
  user.write('program.mjs', PROGRAM)
  user.write('build.mjs', script)
  const built = await user.node(['build.mjs'])
  expect(built.status, `${built.output}${built.errors}`).toBe(0)
  // The bundle has to be whole.
  renameSync(join(user.root, 'node_modules'), join(user.root, 'away'))
  const env = server === undefined ? {} : { TRIAL_URL: server.url }
  const { output, errors } = await user.node([bundle, client ?? 'none'], env)
  expect(errors).toBe('')
  return output
}
