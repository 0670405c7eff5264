import { mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { build, type Plugin } from 'esbuild'
import type { MemoryCache } from '../../src/memory/index.ts'

interface Memory {
  readonly MemoryCache: typeof MemoryCache
}

/** A part of a source file that is left out. */
export interface Cut {
  readonly file: string
  /** Its text in that file. The measurement fails if it is not there once. */
  readonly text: RegExp
  readonly instead: string
}

const root = join(import.meta.dirname, '../..')

/** Bundles the memory engine without some parts of its sources, and loads it. */
export async function memoryWithout(cuts: readonly Cut[]): Promise<Memory> {
  mkdirSync(join(root, '.cache'), { recursive: true })
  const folder = mkdtempSync(join(root, '.cache/observe-'))
  try {
    const outfile = join(folder, 'memory.mjs')
    await build({
      entryPoints: [join(root, 'src/memory/index.ts')],
      outfile,
      bundle: true,
      format: 'esm',
      platform: 'node',
      packages: 'external',
      plugins: [{ name: 'without', setup: (to) => cutAway(to, cuts) }],
    })
    return (await import(pathToFileURL(outfile).href)) as Memory
  } finally {
    rmSync(folder, { recursive: true })
  }
}

function cutAway(to: Parameters<Plugin['setup']>[0], cuts: readonly Cut[]): void {
  for (const file of new Set(cuts.map((cut) => cut.file))) {
    const path = join(root, file)
    to.onLoad({ filter: new RegExp(`${file.replaceAll('.', String.raw`\.`)}$`) }, () => {
      let contents = readFileSync(path, 'utf8')
      for (const { text, instead } of cuts.filter((cut) => cut.file === file)) {
        if (contents.split(text).length !== 2) throw new Error(`${file} does not have ${String(text)} once`)
        contents = contents.replace(text, instead)
      }
      return { contents, loader: 'ts' }
    })
  }
}
