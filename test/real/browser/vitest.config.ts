import { join } from 'node:path'
import { defineConfig } from 'vitest/config'

const report = '.cache/dashboard.json'
const root = join(import.meta.dirname, '../../..')

export default defineConfig({
  resolve: {
    alias: [
      { find: /^cachette$/, replacement: join(root, 'src/index.ts') },
      { find: /^cachette\/(.+)$/, replacement: join(root, 'src/$1/index.ts') },
    ],
  },
  test: {
    root,
    include: ['test/real/browser/*.browser.ts'],
    testTimeout: 120_000,
    hookTimeout: 60_000,
    pool: 'forks',
    reporters: process.env['CI'] ? ['default', ['json', { outputFile: report }]] : ['default'],
  },
})
