import { spawnSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { project } from './markdown.ts'

/** Runs a TypeScript file of the project, with `cachette` meaning its source, and returns the lines that it printed. */
export function runProgram(path: string, more: Readonly<Record<string, string>> = {}): string {
  const { CACHE_URL: _, REDIS_URL: __, VALKEY_URL: ___, ...env } = process.env
  const run = spawnSync(process.execPath, ['--import', 'tsx', path], {
    cwd: project,
    encoding: 'utf8',
    timeout: 60_000,
    env: { ...env, NO_COLOR: '1', ...more },
  })
  if (run.error) throw run.error
  if (run.status !== 0)
    throw new Error(`${path} ended in ${run.status ?? run.signal}:\n${run.stdout}${run.stderr}`)
  return run.stdout
}

/** The same for a text; it is put inside the project, where it finds the package by name. */
export function runText(text: string, more: Readonly<Record<string, string>> = {}): string {
  mkdirSync(join(project, '.cache'), { recursive: true })
  const folder = mkdtempSync(join(project, '.cache/program-'))
  try {
    const path = join(folder, 'program.ts')
    writeFileSync(path, text)
    return runProgram(path, more)
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}
