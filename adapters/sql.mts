export { type TraceSqlOptions, traceSql } from './sql.js'
