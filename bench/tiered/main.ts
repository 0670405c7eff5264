// `npm run bench:tiered`: the local tier alone, then two tiers over Redis; `-- local` or `-- redis` for one of them.
import { argv } from 'node:process'

const parts = argv.slice(2).filter((argument) => ['local', 'redis'].includes(argument))
if (parts.length !== 1 || parts[0] === 'local') await import('./local.ts')
if (parts.length !== 1 || parts[0] === 'redis') await import('./redis.ts')
