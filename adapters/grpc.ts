export { clientInterceptor } from './grpc/client.js'
export type { ClientInterceptorOptions, ServerInterceptorOptions } from './grpc/options.js'
export { serverInterceptor } from './grpc/server.js'
