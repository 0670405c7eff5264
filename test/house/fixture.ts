import { spawnSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'

const project = join(import.meta.dirname, '../..')

/** The output of a tool. */
export interface Verdict {
  readonly status: number | null
  readonly output: string
  readonly errors: string
}

/** A throw-away project that a tool of `tools/` is pointed at with `--root`. */
export interface Fixture {
  readonly root: string
  /** Writes a file, its folders included. */
  write(name: string, text: string): void
  /** Runs `tools/<tool>.ts` on the fixture. */
  run(tool: string, ...args: readonly string[]): Verdict
  remove(): void
}

export function makeFixture(): Fixture {
  const root = mkdtempSync(join(tmpdir(), 'house-'))
  return {
    root,
    write(name, text) {
      mkdirSync(dirname(join(root, name)), { recursive: true })
      writeFileSync(join(root, name), `${text}\n`)
    },
    run(tool, ...args) {
      const path = join(project, `tools/${tool}.ts`)
      const { status, stdout, stderr } = spawnSync(
        process.execPath,
        ['--import', 'tsx', path, '--root', root, ...args],
        {
          cwd: project,
          encoding: 'utf8',
        },
      )
      return { status, output: stdout, errors: stderr }
    },
    remove() {
      rmSync(root, { recursive: true, force: true })
    },
  }
}
