export { type ClientInterceptorOptions, clientInterceptor, type ServerInterceptorOptions, serverInterceptor } from './grpc.js'
