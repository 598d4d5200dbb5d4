#!/usr/bin/env node
import { run } from './run.js'
import { openSession } from './session.js'

void run(process.argv.slice(2), openSession(process)).then((code) => {
  process.exitCode = code
})
