import { describeTypes } from './types.ts'

describeTypes((version) => version.startsWith('5.'))
