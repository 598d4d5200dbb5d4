// The other side of a thread or a process: says which trace it is in, with the carrier that it was given if it was given one.
const { parentPort, workerData } = require('node:worker_threads')

const given = workerData ?? JSON.parse(process.env.SPANLOG_TEST)
const { correlationId, runWithTrace } = require(given.spanlog)
const answer = (message) => (parentPort ? parentPort.postMessage(message) : process.send(message ?? null))

if (given.carrier === undefined) (parentPort ?? process).on('message', () => answer('heard'))
else answer('traceparent' in given.carrier ? runWithTrace(given.carrier, correlationId) : correlationId())
