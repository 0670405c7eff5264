// The origin of a server: CACHETTE_TEST_PROGRAM, REDIS_URL, the PATH, or the package of a Debian or Ubuntu that allows
// an installation.
import { spawnSync } from 'node:child_process'
import { accessSync, constants, existsSync } from 'node:fs'
import { delimiter, join } from 'node:path'
import { fileURLToPath } from 'node:url'

export interface Servers {
  /**
   * The program of the servers that tests start: that of `CACHETTE_TEST_PROGRAM`, else `redis-server`, else
   * `valkey-server`. `undefined` if there is none.
   */
  readonly program: string | undefined
  /** Path of `valkey-server`, if there is one. */
  readonly valkey: string | undefined
  /** The URL of a running server, for tests that only need a place for their keys. */
  readonly url: string | undefined
  /** The reason why there is no program. */
  readonly reason: string
}

const installer = fileURLToPath(new URL('install.sh', import.meta.url))

function onPath(name: string): string | undefined {
  for (const folder of (process.env['PATH'] ?? '').split(delimiter)) {
    try {
      accessSync(join(folder, name), constants.X_OK)
      return join(folder, name)
    } catch {
      // It is not in this folder.
    }
  }
  return undefined
}

/** Returns the reason why the package can't or mustn't be installed here; `undefined` if it can. */
function whyNotInstall(): string | undefined {
  if (process.env['CACHETTE_TEST_INSTALL'] === '0') return 'CACHETTE_TEST_INSTALL=0 forbids installing one'
  if (process.getuid?.() !== 0) return 'only root can install one'
  if (!existsSync('/etc/debian_version') || onPath('apt-get') === undefined)
    return 'this is no Debian or Ubuntu'
  return undefined
}

/** Looks for servers, and installs one if there is none and an installation is allowed. */
export function findServers(): Servers {
  const url = process.env['REDIS_URL'] || undefined
  const given = process.env['CACHETTE_TEST_PROGRAM'] || undefined
  if (given !== undefined) return { program: given, valkey: undefined, url, reason: '' }
  const find = (reason: string): Servers => {
    const valkey = onPath('valkey-server')
    return { program: onPath('redis-server') ?? valkey, valkey, url, reason }
  }
  const found = find('')
  if (found.program !== undefined) return found
  const hindrance = whyNotInstall()
  if (hindrance !== undefined) return find(`no redis-server or valkey-server on PATH, and ${hindrance}`)
  console.log(
    'No redis-server or valkey-server on PATH: installing redis-server by apt-get (CACHETTE_TEST_INSTALL=0 forbids it).',
  )
  const { status, stderr } = spawnSync(installer, { encoding: 'utf8' })
  return find(`apt-get could not install redis-server (exit ${status}): ${stderr.trim().split('\n').at(-1)}`)
}
