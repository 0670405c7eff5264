import { spawnSync } from 'node:child_process'
import {
  cpSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pack } from '../../tools/pack.ts'

const compilers = join(import.meta.dirname, 'compilers/node_modules')

/** What a process printed. */
export interface Printed {
  readonly status: number | null
  readonly output: string
  readonly errors: string
}

/** An empty project of a user, with nothing in it but the packed package. */
export interface InstalledProject {
  /** Folder of the installed package. */
  readonly installed: string
  /** Every file of the installed package, relative to it. */
  readonly files: readonly string[]
  /** Writes a file of the project. */
  write(name: string, text: string): void
  /** Copies a file from `test/package`. */
  copy(name: string): void
  /** Runs Node without flags of its own. */
  node(...args: readonly string[]): Printed
  remove(): void
}

/** Packs the package, installs the tarball in an empty project and adds the types of Node. */
export function installPackage(): InstalledProject {
  const root = mkdtempSync(join(tmpdir(), 'cachette-user-'))
  const write = (name: string, text: string): void => writeFileSync(join(root, name), text)
  write('package.json', JSON.stringify({ name: 'user', private: true, type: 'module' }))
  const packed = pack()
  // Offline: a package without dependencies needs no network.
  const npm = spawnSync('npm', ['install', '--offline', '--no-package-lock', packed.tarball], {
    cwd: root,
    encoding: 'utf8',
    env: { ...process.env, npm_config_loglevel: 'notice' },
  })
  packed[Symbol.dispose]()
  if (npm.status !== 0) throw new Error(`npm install failed:\n${npm.stdout}${npm.stderr}`)
  const installed = join(root, 'node_modules/cachette')
  mkdirSync(join(root, 'node_modules/@types'))
  symlinkSync(join(compilers, '@types/node'), join(root, 'node_modules/@types/node'))
  return {
    installed,
    files: readdirSync(installed, { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map((entry) => join(entry.parentPath, entry.name).slice(installed.length + 1)),
    write,
    copy(name) {
      cpSync(join(import.meta.dirname, name), join(root, name))
    },
    node(...args) {
      const { NODE_OPTIONS: _, ...env } = process.env
      const run = spawnSync(process.execPath, args, { cwd: root, encoding: 'utf8', env })
      return { status: run.status, output: run.stdout, errors: run.stderr }
    },
    remove() {
      rmSync(root, { recursive: true, force: true })
    },
  }
}

/** The versions of TypeScript in `compilers/package.json`: name and path of the compiler. */
export function listCompilers(): readonly (readonly [version: string, path: string])[] {
  const manifest = JSON.parse(readFileSync(join(compilers, '../package.json'), 'utf8')) as {
    readonly devDependencies: Readonly<Record<string, string>>
  }
  return Object.entries(manifest.devDependencies)
    .filter(([name]) => name.startsWith('typescript-'))
    .map(([name, version]) => [version.replace('npm:typescript@', ''), join(compilers, name, 'bin/tsc')])
}
