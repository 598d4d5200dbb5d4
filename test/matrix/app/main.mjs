import checks from './checks.cjs'
import modules from './modules.mjs'

console.log(JSON.stringify(await checks(modules)))
