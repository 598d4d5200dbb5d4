import { test } from 'vitest'
import checks from './checks.cjs'
import modules from './modules.mjs'

test('checks', async () => console.log(JSON.stringify(await checks(modules))))
