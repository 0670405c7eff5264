// Tests the extension for Prisma against the real packages, which it installs: `npm run test:prisma`.
import { spawnSync } from 'node:child_process'
import { join } from 'node:path'

const folder = import.meta.dirname
const root = join(folder, '../..')
// `generate` asks for the program that migrates databases, and downloads it if there is none. It never runs it.
const env = { ...process.env, PRISMA_SCHEMA_ENGINE_BINARY: process.execPath, PRISMA_HIDE_UPDATE_MESSAGE: '1' }

const STEPS: readonly (readonly [cwd: string, command: string, ...args: string[]])[] = [
  [folder, 'npm', 'ci', '--ignore-scripts', '--no-fund', '--no-audit'],
  [folder, 'npx', '--no-install', 'prisma', 'generate', '--no-hints'],
  [root, process.execPath, 'node_modules/ts7/bin/tsc', '-p', 'test/prisma', '--noEmit'],
  [root, 'npx', '--no-install', 'vitest', 'run', '--config', 'test/prisma/vitest.config.ts'],
]

for (const [cwd, command, ...args] of STEPS) {
  const began = performance.now()
  const { status } = spawnSync(command, args, { cwd, env, stdio: 'inherit' })
  console.log(`${[command, ...args].join(' ')}: ${((performance.now() - began) / 1000).toFixed(1)} s`)
  if (status !== 0) process.exit(1)
}
