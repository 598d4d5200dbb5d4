'use strict'
const { writeSync } = require('node:fs')
const checks = require('./checks.cjs')

test('checks', async () => {
  const results = await checks(require('./modules.cjs'))
  // Jest's own console writes where it was called from.
  writeSync(1, `${JSON.stringify(results)}\n`)
})
