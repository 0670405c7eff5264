export { createCacheHandler } from './use-cache.ts'
export { createIsrCacheHandler, type IsrHandlerOptions } from './isr.ts'
export type { NextHandlerOptions } from './options.ts'
export type {
  IsrAnswer,
  IsrCacheControl,
  IsrContext,
  IsrGetContext,
  IsrHandler,
  IsrHandlerClass,
  IsrSetContext,
  NextCacheEntry,
  NextCacheHandler,
} from './host.ts'
