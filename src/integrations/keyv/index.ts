export { KeyvStore } from './keyv-store.ts'
export { KeyvStore6 } from './keyv-store-6.ts'
