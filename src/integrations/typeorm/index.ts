export { TypeormCache, type TypeormCacheOptions } from './typeorm-cache.ts'
export type { TypeormDataSource, TypeormQueryRunner, TypeormResult } from './types.ts'
