import { createCacheHandler } from 'cachette/next'

export default createCacheHandler()
