import { spawnSync } from 'node:child_process'
import { existsSync, readdirSync } from 'node:fs'
import { join } from 'node:path'

/** An import that a rule of `.dependency-cruiser.mjs` forbids. */
export interface Violation {
  readonly rule: string
  readonly from: string
  readonly to: string
}

/** The checker's view of `src`. */
export interface Architecture {
  /** Number of TypeScript files on disk. */
  readonly files: number
  /** Number of modules of `src` that the checker parsed. Fewer than `files` means that it is blind. */
  readonly modules: number
  /** Number of imports between and out of them, type-only ones included. */
  readonly imports: number
  readonly violations: readonly Violation[]
  /** Folder (or root file) to the folders it imports. */
  readonly folders: ReadonlyMap<string, ReadonlySet<string>>
}

interface Cruise {
  readonly modules: readonly {
    readonly source: string
    readonly dependencies: readonly { readonly resolved: string }[]
  }[]
  readonly summary: {
    readonly violations: readonly {
      readonly from: string
      readonly to: string
      readonly rule: { readonly name: string }
      readonly cycle?: readonly { readonly name: string }[]
    }[]
  }
}

const cruiser = join(import.meta.dirname, '../node_modules/dependency-cruiser/bin/dependency-cruise.mjs')

/** Reads the imports of `<root>/src` under the rules of `<root>/.dependency-cruiser.mjs`. */
export function readArchitecture(root: string): Architecture {
  const run = spawnSync(
    process.execPath,
    [cruiser, 'src', '--config', '.dependency-cruiser.mjs', '--output-type', 'json'],
    { cwd: root, encoding: 'utf8', maxBuffer: 1 << 28 },
  )
  if (run.error) throw run.error
  if (!run.stdout.startsWith('{')) throw new Error(`dependency-cruiser failed:\n${run.stdout}${run.stderr}`)
  const cruise = JSON.parse(run.stdout) as Cruise
  const modules = cruise.modules.filter((module) => module.source.startsWith('src/'))
  const folders = new Map<string, Set<string>>()
  for (const { source, dependencies } of modules) {
    const from = folderOf(source)
    const targets = folders.get(from) ?? new Set()
    folders.set(from, targets)
    for (const { resolved } of dependencies) {
      if (resolved.startsWith('src/') && folderOf(resolved) !== from) targets.add(folderOf(resolved))
    }
  }
  return {
    files: countTypeScript(join(root, 'src')),
    modules: modules.length,
    imports: modules.reduce((sum, module) => sum + module.dependencies.length, 0),
    violations: cruise.summary.violations.map((violation) => ({
      rule: violation.rule.name,
      from: violation.from,
      to: violation.cycle?.map((step) => step.name).join(' -> ') ?? violation.to,
    })),
    folders,
  }
}

/** Returns the folder of a source: `src/keys/key.ts` is of `core`, and `src/index.ts` is of itself. */
function folderOf(source: string): string {
  return source.split('/')[1] ?? source
}

function countTypeScript(folder: string): number {
  if (!existsSync(folder)) return 0
  return readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter((name) => name.endsWith('.ts'))
    .length
}
