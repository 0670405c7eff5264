export { nestLogger, type NestLike } from './nest.ts'
export { winstonLogger, type WinstonLike } from './winston.ts'
