// Has one event of `process` occur in another request, after a listener was added in the trace that the environment names; prints
// the trace that the listener ran in.
const { setTimeout: wait } = require('node:timers/promises')

const [, , event, remedied, managed] = process.argv
const { spanlog, manager, api, carrier } = JSON.parse(process.env.SPANLOG_TEST)
if (managed === 'true') {
  const { AsyncLocalStorageContextManager } = require(manager)
  require(api).context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable())
}
const { bindTrace, correlationId, runWithTrace, withSpan } = require(spanlog)

const elsewhere = (fn) => withSpan('another request', { parent: null }, fn)
const listener = () => {
  process.stdout.write(`${correlationId() ?? 'none'}\n`)
  if (event.startsWith('SIG')) process.exit()
}
process.on('SIGUSR2', () => {})
runWithTrace(carrier, () => process.once(event, remedied === 'true' ? bindTrace(listener) : listener))

const occur = {
  unhandledRejection: () => void elsewhere(async () => Promise.reject(new Error('of another request'))),
  uncaughtException: () =>
    elsewhere(
      () =>
        void setImmediate(() => {
          throw new Error('of another request')
        }),
    ),
  warning: () => elsewhere(() => process.emitWarning('of another request')),
  SIGUSR2: () => elsewhere(() => process.kill(process.pid, 'SIGUSR2')) && wait(1000),
  beforeExit: () => {},
  exit: () => elsewhere(() => process.exit()),
}
void occur[event]()
