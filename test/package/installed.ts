import { spawn, spawnSync } from 'node:child_process'
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
import { dirname, join } from 'node:path'
import { inject } from 'vitest'

const compilers = join(import.meta.dirname, 'compilers/node_modules')
const tools = join(import.meta.dirname, 'tools/node_modules')

/** The output of a process. */
export interface Printed {
  readonly status: number | null
  readonly output: string
  readonly errors: string
}

/** A project of a user, with nothing in it but the packed package and what was linked. */
export interface InstalledProject {
  readonly root: string
  /** Folder of the installed package. */
  readonly installed: string
  /** Every file of the installed package, relative to it. */
  readonly files: readonly string[]
  /** Writes a file of the project, its folders included. */
  write(name: string, text: string): void
  /** Copies files from `test/package`. */
  copy(...names: readonly string[]): void
  /** Copies a file from `test/package` under another name. */
  copyAs(from: string, to: string): void
  /** Makes packages of `test/package/tools` installed ones of the project. */
  link(...names: readonly string[]): void
  /** Makes the types of Node.js installed ones of the project. */
  linkNodeTypes(): void
  /** Runs Node without flags of its own, with further variables of the environment. */
  node(args: readonly string[], env?: Readonly<Record<string, string>>): Promise<Printed>
  remove(): void
}

/** Installs the packed package in an empty project. */
export function installPackage(type: 'module' | 'commonjs' = 'module'): InstalledProject {
  const root = mkdtempSync(join(tmpdir(), 'cachette-user-'))
  const write = (name: string, text: string): void => {
    mkdirSync(dirname(join(root, name)), { recursive: true })
    writeFileSync(join(root, name), text)
  }
  const link = (from: string, name: string): void => {
    mkdirSync(dirname(join(root, 'node_modules', name)), { recursive: true })
    symlinkSync(join(from, name), join(root, 'node_modules', name))
  }
  write('package.json', JSON.stringify({ name: 'user', private: true, type }))
  // Offline: a package without dependencies needs no network.
  const npm = spawnSync('npm', ['install', '--offline', '--no-package-lock', inject('tarball')], {
    cwd: root,
    encoding: 'utf8',
    env: { ...process.env, npm_config_loglevel: 'notice' },
  })
  if (npm.status !== 0) throw new Error(`npm install failed:\n${npm.stdout}${npm.stderr}`)
  const installed = join(root, 'node_modules/cachette')
  return {
    root,
    installed,
    files: readdirSync(installed, { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map((entry) => join(entry.parentPath, entry.name).slice(installed.length + 1)),
    write,
    copy(...names) {
      for (const name of names) cpSync(join(import.meta.dirname, name), join(root, name))
    },
    copyAs(from, to) {
      cpSync(join(import.meta.dirname, from), join(root, to))
    },
    link(...names) {
      for (const name of names) link(tools, name)
    },
    linkNodeTypes() {
      link(compilers, '@types/node')
    },
    node: (args, env = {}) => run(root, args, env),
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

async function run(
  cwd: string,
  args: readonly string[],
  env: Readonly<Record<string, string>>,
): Promise<Printed> {
  // Variables of this test runner would change how others run.
  const { NODE_OPTIONS: _, NODE_ENV: __, VITEST: ___, REDIS_URL: ____, ...rest } = process.env
  const child = spawn(process.execPath, args, {
    cwd,
    env: { ...rest, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  const [output, errors, status] = await Promise.all([
    textOf(child.stdout),
    textOf(child.stderr),
    new Promise<number | null>((resolve, reject) => {
      child.once('close', resolve)
      child.once('error', reject)
    }),
  ])
  return { status, output, errors }
}

async function textOf(stream: AsyncIterable<Buffer>): Promise<string> {
  const parts: Buffer[] = []
  for await (const part of stream) parts.push(part)
  return Buffer.concat(parts).toString()
}
