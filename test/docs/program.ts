import { spawnSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { bundlePrograms } from '../support/bundle.ts'
import { project } from './markdown.ts'

/** Runs a TypeScript file of the project, with `cachette` meaning its source, and returns the lines that it printed. */
export function runProgram(path: string, more: Readonly<Record<string, string>> = {}): string {
  return run(['--import', 'tsx', path], more)
}

/** The same for a text; it is put inside the project, where it finds the package by name. */
export function runText(text: string, more: Readonly<Record<string, string>> = {}): string {
  const folder = makeFolder()
  try {
    const path = join(folder, 'program.ts')
    writeFileSync(path, text)
    return runProgram(path, more)
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

/** Texts that are bundled at once with the sources that they use, which saves most of the time of many of them. */
export class Programs {
  readonly #folder = makeFolder()
  readonly #files: ReadonlyMap<string, string>

  constructor(texts: readonly string[]) {
    const paths = texts.map((text, place) => {
      const path = join(this.#folder, `program-${place}.ts`)
      writeFileSync(path, text)
      return path
    })
    const files = bundlePrograms(...paths)
    this.#files = new Map(texts.map((text, place) => [text, files[place]!]))
  }

  /** Runs one of the texts, and returns the lines that it printed. */
  run(text: string): string {
    return run([this.#files.get(text)!])
  }

  [Symbol.dispose](): void {
    rmSync(this.#folder, { recursive: true, force: true })
  }
}

function makeFolder(): string {
  mkdirSync(join(project, '.cache'), { recursive: true })
  return mkdtempSync(join(project, '.cache/program-'))
}

function run(args: readonly string[], more: Readonly<Record<string, string>> = {}): string {
  const { CACHE_URL: _, REDIS_URL: __, VALKEY_URL: ___, ...env } = process.env
  const ended = spawnSync(process.execPath, args, {
    cwd: project,
    encoding: 'utf8',
    timeout: 60_000,
    env: { ...env, NO_COLOR: '1', ...more },
  })
  if (ended.error) throw ended.error
  if (ended.status !== 0) {
    const end = ended.status ?? ended.signal
    throw new Error(`${args.at(-1)} ended in ${end}:\n${ended.stdout}${ended.stderr}`)
  }
  return ended.stdout
}
