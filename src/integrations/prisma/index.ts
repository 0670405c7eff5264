export { cachettePrisma, type CachettePrismaOptions } from './extension.ts'
export type {
  PrismaDecimal,
  PrismaExtension,
  PrismaInvalidation,
  PrismaParts,
  PrismaQueries,
  PrismaQueryOptions,
} from './types.ts'
