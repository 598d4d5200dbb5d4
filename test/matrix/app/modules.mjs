import * as spanlog from 'spanlog'
import * as http from 'spanlog/http'
import * as logs from 'spanlog/logs'
import pino from 'spanlog/pino'
import * as traces from 'spanlog/traces'
import * as tracing from 'spanlog/tracing'
import winston from 'spanlog/winston'

export default { spanlog, pino, winston, http, logs, traces, tracing }
