export { type CompletionLogger, type FastifyLike, type TraceFastifyOptions, traceFastify } from './fastify.js'
