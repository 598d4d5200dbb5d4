'use strict'
const checks = require('./checks.cjs')

checks(require('./modules.cjs')).then((results) => console.log(JSON.stringify(results)))
