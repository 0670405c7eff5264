import { describeTypes } from './types.ts'

// The slower compilers have a file of their own, so that both cores are at work.
describeTypes((version) => !version.startsWith('5.'))
