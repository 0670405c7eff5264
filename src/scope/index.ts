export { requestScope } from './request-scope.ts'
