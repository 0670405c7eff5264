// Runs the tests of the adapter with older releases of Nest, which it installs under .cache: `npm run test:nest`.
import { spawnSync } from 'node:child_process'
import { join } from 'node:path'

const RELEASES = {
  10: { nest: '10.4.9', testing: '10.4.9', terminus: '10.3.0', cacheManager: '3.1.3' },
  11: { nest: '11.2.10', testing: '11.2.6', terminus: '11.1.1', cacheManager: '3.1.3' },
} as const

const root = join(import.meta.dirname, '../../..')
// Those that need nothing of Nest 12.
const FILES = ['decorators', 'cache-interceptor', 'module', 'throttler', 'health'].map(
  (name) => `test/integrations/nestjs/${name}.test.ts`,
)
let failures = 0

for (const [major, { nest, testing, terminus, cacheManager }] of Object.entries(RELEASES)) {
  const folder = join(root, `.cache/nest-${major}`)
  const packages = [
    ...['common', 'core', 'platform-express'].map((name) => `@nestjs/${name}@${nest}`),
    `@nestjs/testing@${testing}`,
    `@nestjs/terminus@${terminus}`,
    `@nestjs/cache-manager@${cacheManager}`,
    '@nestjs/throttler@6.7.1',
    'cache-manager@7.2.9',
    'keyv@5.6.0',
    'reflect-metadata@0.2.2',
    'rxjs@7.8.2',
  ]
  const flags = ['--no-save', '--ignore-scripts', '--no-fund', '--no-audit']
  const isInstalled = run('npm', ['install', '--prefix', folder, ...flags, ...packages], {})
  const args = ['vitest', 'run', '--config', 'test/integrations/vitest.config.ts', ...FILES]
  console.log(`Nest ${major}`)
  if (!isInstalled || !run('npx', args, { CACHETTE_TEST_NEST: folder })) failures++
}
process.exitCode = failures === 0 ? 0 : 1

function run(command: string, args: readonly string[], env: Readonly<Record<string, string>>): boolean {
  const { status } = spawnSync(command, args, {
    cwd: root,
    stdio: 'inherit',
    env: { ...process.env, ...env },
  })
  return status === 0
}
