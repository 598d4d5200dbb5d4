#!/usr/bin/env node
import { run } from './run.js'
import { openSession } from './session.js'

async function start(): Promise<void> {
  process.exitCode = await run(process.argv.slice(2), openSession(process))
}

void start()
