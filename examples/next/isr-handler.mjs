import { createIsrCacheHandler } from 'cachette/next'

export default createIsrCacheHandler()
