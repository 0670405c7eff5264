import { spawn, spawnSync } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import {
  mkdirSync,
  mkdtempSync,
  readFileSync,
  realpathSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { transformSync } from 'esbuild'
import { pack } from '../../tools/pack.ts'
import type { Runtime } from './runtimes.ts'

/** The client libraries of Redis, with their packages here and in a project of a user. */
export const LIBRARIES = {
  'node-redis 6': { here: 'redis', there: 'redis' },
  'ioredis 6': { here: 'ioredis6', there: 'ioredis' },
  // As a package of its own, without the modules around it.
  'node-redis 5': { here: 'redis5', there: '@redis/client' },
  'ioredis 5': { here: 'ioredis', there: 'ioredis' },
} as const
export type Library = keyof typeof LIBRARIES
export const LIBRARY_NAMES = Object.keys(LIBRARIES) as readonly Library[]

/** The programs in `played`. */
const PLAYED = ['suite', 'service', 'program', 'entries'] as const
export type Played = (typeof PLAYED)[number]

/** Projects of users, each with the packed package and one client library. */
export class Projects implements Disposable {
  readonly #root = mkdtempSync(join(tmpdir(), 'cachette-runtimes-'))

  constructor() {
    using packed = pack()
    for (const library of LIBRARY_NAMES) this.#make(library, packed.tarball)
  }

  /** Starts one of the programs on a runtime. */
  start(runtime: Runtime, library: Library, played: Played, ...args: readonly string[]): ChildProcess {
    const { NODE_OPTIONS: _, REDIS_URL: __, CACHE_URL: ___, ...env } = process.env
    return spawn(runtime.program, [...runtime.args, `${played}.mjs`, ...args], {
      cwd: this.#folder(library),
      stdio: ['ignore', 'pipe', 'pipe'],
      env: { ...env, NO_COLOR: '1' },
    })
  }

  #folder(library: Library): string {
    return join(this.#root, library.replace(' ', '-'))
  }

  #make(library: Library, tarball: string): void {
    const folder = this.#folder(library)
    const { here, there } = LIBRARIES[library]
    mkdirSync(folder)
    const dependencies = { cachette: '*', [there]: '*' }
    writeFileSync(
      join(folder, 'package.json'),
      JSON.stringify({ private: true, type: 'module', dependencies }),
    )
    const installed = join(folder, 'node_modules/cachette')
    mkdirSync(installed, { recursive: true })
    const tar = spawnSync('tar', ['-xzf', tarball, '-C', installed, '--strip-components=1'])
    if (tar.status !== 0) throw new Error(`tar could not unpack ${tarball}:\n${String(tar.stderr)}`)
    const link = join(folder, 'node_modules', there)
    mkdirSync(dirname(link), { recursive: true })
    symlinkSync(realpathSync(join('node_modules', here)), link)
    for (const played of PLAYED) {
      const source = readFileSync(new URL(`played/${played}.ts`, import.meta.url), 'utf8')
      const { code } = transformSync(source, { loader: 'ts', target: 'es2022' })
      writeFileSync(join(folder, `${played}.mjs`), code)
    }
  }

  [Symbol.dispose](): void {
    rmSync(this.#root, { recursive: true, force: true })
  }
}
