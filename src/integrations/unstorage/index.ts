export { unstorageDriver, type UnstorageDriver } from './driver.ts'
