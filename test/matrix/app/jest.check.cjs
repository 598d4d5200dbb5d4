'use strict'
const { writeSync } = require('node:fs')
const checks = require('./checks.cjs')

test('checks', async () => {
  const results = await checks({
    spanlog: require('spanlog'),
    pino: require('spanlog/pino'),
    winston: require('spanlog/winston'),
    http: require('spanlog/http'),
    logs: require('spanlog/logs'),
    traces: require('spanlog/traces'),
    tracing: require('spanlog/tracing'),
  })
  // Jest's own console writes where it was called from.
  writeSync(1, `${JSON.stringify(results)}\n`)
})
