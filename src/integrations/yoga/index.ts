export { ResponseCache } from './response-cache.ts'
