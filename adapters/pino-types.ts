/**
 * The types of `spanlog/pino`: those of the installed pino, whatever its version, all of them. TypeScript cannot say in one file
 * that a value is another than its type's, so that `package.json` names this file for the types and pino.ts for the code.
 */
import pino = require('pino')
export = pino
