import { spawnSync } from 'node:child_process'
import { mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

/** A packed package in a temporary folder, which its disposal removes. */
export interface Packed extends Disposable {
  /** Path of the `.tgz`. */
  readonly tarball: string
  /** Bytes of the tarball. */
  readonly size: number
  /** Bytes of the package as it is installed. */
  readonly unpackedSize: number
  /** Number of its files. */
  readonly entryCount: number
}

/** Builds and packs the package as `npm publish` would. */
export function pack(): Packed {
  const folder = mkdtempSync(join(tmpdir(), 'cachette-pack-'))
  const dispose = (): void => rmSync(folder, { recursive: true, force: true })
  const run = spawnSync(
    'npm',
    ['pack', '--json', '--foreground-scripts=false', '--pack-destination', folder],
    {
      cwd: join(import.meta.dirname, '..'),
      encoding: 'utf8',
      // A silent outer npm would hide the compiler's messages.
      env: { ...process.env, npm_config_loglevel: 'notice' },
    },
  )
  const name = readdirSync(folder).find((file) => file.endsWith('.tgz'))
  if (run.status !== 0 || name === undefined) {
    dispose()
    throw new Error(`npm pack failed:\n${run.stdout}${run.stderr}`)
  }
  // A script of the build may have printed before.
  const [sizes] = JSON.parse(run.stdout.slice(run.stdout.indexOf('[\n'))) as [Omit<Packed, 'tarball'>]
  const { size, unpackedSize, entryCount } = sizes
  return { tarball: join(folder, name), size, unpackedSize, entryCount, [Symbol.dispose]: dispose }
}
