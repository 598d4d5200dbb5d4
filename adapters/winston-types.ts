/**
 * The types of `spanlog/winston`: those of the installed winston, all of them. TypeScript cannot say in one file that a value is
 * another than its type's, so that `package.json` names this file for the types and winston.ts for the code.
 */
import winston = require('winston')
export = winston
