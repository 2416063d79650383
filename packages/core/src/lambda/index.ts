export { beginInvocation, type InvocationContext, runInvocation } from './invocation.js'
export { type Callback, lambdaHandler } from './lambda-handler.js'
