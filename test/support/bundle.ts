// Programs in files of their own, so that a process starts in a tenth of the time of its sources.
import { mkdirSync, readdirSync, rmSync } from 'node:fs'
import { join, relative } from 'node:path'
import { buildSync } from 'esbuild'

const project = join(import.meta.dirname, '../..')
// Inside the project, where the packages are found.
const root = join(project, '.cache/bundled')
const own = join(root, String(process.pid))
const folders = new Map<string, string>()

/**
 * Bundles TypeScript files of the project with the sources that they use; packages stay outside. Returns the files to
 * run, in the same order. A module that several of them import is one module. The same files are bundled once.
 */
export function bundlePrograms(...paths: readonly string[]): readonly string[] {
  const id = paths.join('\n')
  const outdir = folders.get(id) ?? join(own, String(folders.size))
  if (folders.size === 0) removeOfEnded()
  if (!folders.has(id)) {
    buildSync({
      absWorkingDir: project,
      entryPoints: [...paths],
      outbase: project,
      outdir,
      outExtension: { '.js': '.mjs' },
      bundle: true,
      splitting: true,
      format: 'esm',
      platform: 'node',
      target: 'node20',
      packages: 'external',
      tsconfig: join(project, 'tsconfig.json'),
      logLevel: 'silent',
    })
    folders.set(id, outdir)
  }
  return paths.map((path) => join(outdir, relative(project, path).replace(/\.ts$/, '.mjs')))
}

// A process of tests may be killed, so that the next one removes what it has left.
function removeOfEnded(): void {
  mkdirSync(root, { recursive: true })
  for (const name of readdirSync(root)) {
    if (name !== String(process.pid) && isRunning(Number(name))) continue
    rmSync(join(root, name), { recursive: true, force: true })
  }
}

function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch {
    return false
  }
}
