export { FakeClock } from './fake-clock.ts'
export { MockCache, type MockCall, type MockedMethod } from './mock-cache.ts'
export { NullCache } from './null-cache.ts'
