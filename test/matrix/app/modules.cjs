'use strict'
module.exports = {
  spanlog: require('spanlog'),
  pino: require('spanlog/pino'),
  winston: require('spanlog/winston'),
  http: require('spanlog/http'),
  logs: require('spanlog/logs'),
  traces: require('spanlog/traces'),
  tracing: require('spanlog/tracing'),
}
